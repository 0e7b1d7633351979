# What surrounds every page.
skip-to-main = Ir para o conteúdo
nav-label = Seções
nav-tickets = Meus chamados
nav-desk = Atendimento
nav-quarantine = Quarentena
nav-deliveries = Envios
nav-administration = Administração
nav-account = Conta de { $name }
nav-settings = Preferências
nav-sign-out = Sair

# Dates. Months and weekdays count from 1; Monday is 1.
date-today = hoje
date-yesterday = ontem
date-day = { $weekday }, { $day } de { $month }
date-day-year = { $weekday }, { $day } de { $month } de { $year }
date-short = { $day } { $shortmonth }
date-short-year = { $day } { $shortmonth } { $year }
date-month = { $month ->
    [1] janeiro
    [2] fevereiro
    [3] março
    [4] abril
    [5] maio
    [6] junho
    [7] julho
    [8] agosto
    [9] setembro
    [10] outubro
    [11] novembro
   *[12] dezembro
}
date-month-short = { $month ->
    [1] jan
    [2] fev
    [3] mar
    [4] abr
    [5] mai
    [6] jun
    [7] jul
    [8] ago
    [9] set
    [10] out
    [11] nov
   *[12] dez
}
date-weekday = { $weekday ->
    [1] segunda-feira
    [2] terça-feira
    [3] quarta-feira
    [4] quinta-feira
    [5] sexta-feira
    [6] sábado
   *[7] domingo
}

# Keys.
keys-title = Atalhos de teclado
keys-close = Fechar
keys-search = Buscar
keys-next = Próximo e anterior da lista
keys-open = Abrir
keys-reply = Responder
keys-note = Escrever uma nota interna
keys-send = Enviar
keys-leave = Sair de um campo ou fechar
keys-help = Mostrar estes atalhos

# What the script says.
script-offline = Sem conexão: as novidades aparecem quando ela voltar
script-online = Conexão restabelecida
script-failed = Não foi possível enviar. O texto continua aqui; tente de novo.
script-sent = Mensagem guardada
script-undo-over = A mensagem já saiu

# Errors: a headline, and what to do.
error-home = Ir para o início
error-signed-out = A sessão terminou.
error-signed-out-remedy = Entre de novo para continuar.
error-forbidden = Isto não é permitido para esta conta.
error-forbidden-remedy = Se for preciso, quem administra o serviço pode fazê-lo ou permitir.
error-forged = O formulário expirou ou não vem desta página.
error-forged-remedy = Volte, recarregue a página e envie de novo.
error-not-found = Não há nada aqui.
error-not-found-remedy = Talvez o endereço esteja incompleto, ou o que se procura seja de outra pessoa.
error-method = Isto não pode ser feito assim.
error-method-remedy = Volte à página anterior e use os botões dela.
error-conflict = Algo mudou nesse meio-tempo.
error-conflict-remedy = Recarregue a página e veja como ficou antes de repetir.
error-invalid = Há dados que não podem ser aceitos.
error-invalid-remedy = Volte e corrija-os.
error-too-large = É grande demais.
error-too-large-remedy = Tire ou reduza arquivos e tente de novo.
error-too-often = Tentativas demais.
error-too-often-remedy = Espere um pouco e tente de novo.
error-unavailable = O serviço não responde no momento.
error-unavailable-remedy = Nada do que foi guardado se perdeu. Tente de novo em instantes.
error-internal = Algo falhou aqui dentro.
error-internal-remedy = Quem administra o serviço verá isso no registro. Tente de novo mais tarde.
