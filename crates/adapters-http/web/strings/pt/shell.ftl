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
keys-on = Usar atalhos de uma só tecla neste navegador

# What the script says.
script-offline = Sem conexão: as novidades aparecem quando ela voltar
script-online = Conexão restabelecida
script-failed = Não foi possível enviar. O texto continua aqui; tente de novo.
script-sent = Mensagem guardada
script-undo-over = A mensagem já saiu
script-new = Mensagem nova
# Stands behind a number of seconds, with a space between.
script-seconds = s

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

# Signing in.
sign-in-title = Entrar
field-email = E-mail
field-password = Senha
field-new-password = Nova senha
field-name = Nome
sign-in-password-hint = Se não houver, deixe vazia e chega um link.
sign-in-enter = Entrar
sign-in-send-link = Receber um link
sign-in-about = Para o link basta um e-mail que apareça em algum chamado: não é preciso cadastro.
sign-in-no-address = Isto não parece um e-mail. Deve ser como nome@exemplo.com.
sign-in-no-match = O e-mail e a senha não correspondem. Também é possível receber um link.
sign-in-closed = Não é possível entrar aqui: o endereço público deste serviço não usa https, e a sessão viajaria à vista da rede. Quem administra o serviço resolve isso com um proxy https e a chave [http] public_url.
sign-in-unset = O serviço ainda não tem administrador. O endereço para criá-lo está no que o serviço escreve ao iniciar e no registro dele.
sign-in-sent-title = Confira o e-mail
sign-in-sent = Se esse endereço tiver conta ou aparecer em um chamado, em instantes chega uma mensagem com um link para entrar.
sign-in-sent-hint = O link vale uma vez, por 15 minutos. Se não chegar, olhe também no lixo eletrônico.
sign-in-again = Tentar de novo
sign-in-link-title = Mais um passo
sign-in-link-as = A entrada será como
sign-in-link-hint = O link vale uma única vez. Se não foi você quem pediu, feche esta página.
sign-in-spent-title = Este link não vale mais
sign-in-spent = Ele foi usado, ou passaram mais de 15 minutos. Peça outro e use o último que chegar.

# The first administrator.
set-up-title = Colocar o serviço em funcionamento
set-up-about = Esta é a primeira conta, a de quem administra. Depois, um assistente guia até o primeiro e-mail entregue.
set-up-begin = Criar a conta e começar
set-up-bad-name = Escreva um nome de até 200 caracteres.
set-up-address-taken = Este endereço já tem uma conta de outro tipo. Use outro.

# Preferences.
settings-title = Preferências
settings-view = Idioma e hora
settings-language = Idioma
settings-language-browser = O do navegador
language-name-es = Español
language-name-pt = Português
language-name-en = English
settings-zone = Fuso horário
settings-zone-house = O da instalação ({ $zone })
settings-bad-zone = Esse fuso horário não existe. Escolha um da lista.
settings-mail = E-mail
settings-quiet = Sem e-mail de um chamado enquanto a página dele está aberta
settings-quiet-hint = As novidades aparecem na página. Ao fechá-la, o e-mail volta a chegar.
settings-mute-hint = Cada chamado tem também um botão para silenciá-lo.
settings-save = Salvar
password-about = Ao mudá-la, as outras sessões são encerradas.
password-none = Esta conta entra com links. Com uma senha pode entrar também sem esperar um e-mail.
password-current = Senha atual
password-hint = De 8 a 200 caracteres, quaisquer.
password-wrong = Não é a senha atual.
password-bad = Deve ter de 8 a 200 caracteres.
password-change = Mudar a senha
password-set = Criar uma senha
sessions-title = Outras sessões
sessions-about = Encerra a sessão em qualquer outro navegador ou telefone.
sessions-end = Encerrar as outras sessões

# Notices on the next page.
flash-signed-out = Sessão encerrada
flash-settings-saved = Preferências salvas
flash-password-changed = Senha salva; as outras sessões foram encerradas
flash-sessions-ended = As outras sessões foram encerradas
