# The conversation, on the portal and at the desk.
message-you = Você
message-by-mail = por e-mail
message-by-system = de outro sistema
message-note = Nota
message-internal = Nota interna: não sai da equipe de atendimento
message-quoted = Texto citado
message-rest = Ler a mensagem inteira ({ $size })
message-menu = Ações da mensagem
message-make-internal = Deixar só para o atendimento
message-withdraw = Retirar a mensagem
message-none-left = Nenhum e-mail saiu ainda.
message-left = { $count ->
    [one] Um já saiu, para { $names }, e não pode ser recuperado.
   *[other] Já saíram para { $names } e não podem ser recuperados.
}

# What became of a message's mails. $count: mails in this state, $others: the message's other mails.
hold-leaves = Sai em
hold-undoable = Ainda dá para desfazer:
hold-seconds = { $seconds } s
hold-undo = Desfazer
mail-hold = Em espera: ainda dá para desfazer
mail-waiting = { $count ->
    [one] Aguardando a saída
   *[other] { $count } e-mails aguardam a saída
}
mail-leaving = Saindo…
mail-retry = { $count ->
    [one] O servidor adiou; haverá nova tentativa
   *[other] { $count } e-mails adiados; haverá nova tentativa
}
mail-unsure = Não se sabe se chegou; será enviado de novo
mail-held = Retido: o e-mail está parado por enquanto
mail-sent = { $count ->
    [one] Aceito pelo servidor
   *[other] { $count } aceitos pelo servidor
}
mail-relayed = { $count ->
    [one] Aceito; o próximo servidor não dá mais notícias
   *[other] { $count } aceitos; o próximo servidor não dá mais notícias
}
mail-delivered = { $count ->
    [one] Entregue
   *[other] { $count } entregues
}
mail-answered = { $count ->
    [one] Respondido
   *[other] { $count } respondidos
}
mail-bounced = { $others ->
    [0] { $count ->
        [one] Devolvido: não foi possível entregar
       *[other] { $count } e-mails devolvidos
    }
   *[other] { $count ->
        [one] Um e-mail devolvido
       *[other] { $count } e-mails devolvidos
    } de { $others }
}
mail-dead = { $others ->
    [0] { $count ->
        [one] Não foi possível enviar
       *[other] { $count } e-mails que não puderam ser enviados
    }
   *[other] { $count ->
        [one] Um e-mail que não pôde ser enviado
       *[other] { $count } e-mails que não puderam ser enviados
    } de { $others }
}
mail-cancelled = { $count ->
    [one] Cancelado antes de sair
   *[other] { $count } cancelados antes de sair
}
mail-seen = { $count ->
    [one] Lido na página
   *[other] { $count } lidos na página
}
mail-none = Sem e-mail: não há mais ninguém a avisar
mail-received = Recebido pelo atendimento
mail-details = Ver o envio
mail-requeue = Enviar de novo

talk-label = Conversa
talk-messages = Mensagens
talk-earlier = Mensagens anteriores
talk-newest = Ir para as mais recentes
talk-empty = Ainda não há mensagens
talk-empty-write = Escreva a primeira: quem atende a solicitação também a recebe por e-mail.
talk-empty-read = Quando alguém escrever, aparecerá aqui.

write-label = Mensagem
write-as = O que se escreve
write-message = Mensagem
write-note = Nota
write-reply = Resposta
write-internal = Nota interna
write-to-name = Escreva para { $name }…
write-to-desk = Escreva para o atendimento…
write-attach = Anexar
write-send = Enviar
write-to = Será enviado para { $names }
write-to-nobody = Não há mais ninguém a avisar por e-mail
write-to-internal = Só o atendimento vê; avisa { $names }
write-internal-nobody = Só o atendimento vê; nenhum e-mail sai
write-closed = Esta solicitação está fechada. O que você escrever chega do mesmo modo.
write-failed = Não foi possível enviar; o texto continua aqui. { $reason }
write-empty = Escreva algo ou anexe um arquivo.
write-too-long = O texto é longo demais; anexe-o como arquivo.
write-too-many-files = São arquivos demais: no máximo { $most } por mensagem.
write-file-too-large = “{ $name }” é grande demais: no máximo { $most }.
write-nul = O texto contém um caractere que não pode ser guardado; apague-o e tente de novo.
write-not-allowed = Aqui não é possível escrever isso.
write-try-again = Tente de novo daqui a pouco.
write-files-again = Anexe os arquivos de novo: o navegador não os guarda.
write-undone = A mensagem não saiu. Aqui está o texto, caso queira mudá-lo.

head-back = Voltar para a lista
head-with = com { $name }
head-mute = Silenciar: não receber e-mail desta solicitação
head-unmute = Silenciada: voltar a receber e-mail
status-open = aberta
status-closed = fechada

tickets-title = Minhas solicitações
tickets-search = Buscar em solicitações e mensagens
tickets-which = Quais solicitações aparecem
tickets-open = Abertas
tickets-closed = Fechadas
tickets-all = Todas
tickets-all-again = Ver todas as abertas
tickets-none-open = Não há solicitações abertas
tickets-none-open-hint = As solicitações novas aparecem aqui assim que o atendimento as registra.
tickets-none-closed = Não há solicitações fechadas
tickets-none-closed-hint = As que forem resolvidas ficam guardadas aqui.
tickets-none = Não há solicitações
tickets-none-found = Nada corresponde à busca
tickets-none-found-hint = Tente com menos palavras, ou com o número da solicitação.
list-more = Ver mais
item-unread = Não lida:
item-nothing = Ainda sem mensagens
item-undelivered = e-mail não entregue
item-unanswered = aguarda resposta
search-do = Buscar
found-messages = Nas mensagens

flash-withdrawn = A mensagem foi retirada.
flash-made-internal = A mensagem ficou só para o atendimento.
flash-muted = Você não receberá e-mail desta solicitação.
flash-heard = Você volta a receber e-mail desta solicitação.

view-only = Somente leitura, por um link que expira.
view-sign-in = Entre para responder
