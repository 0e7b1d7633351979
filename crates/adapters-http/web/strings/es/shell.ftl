# What surrounds every page.
skip-to-main = Ir al contenido
nav-label = Secciones
nav-tickets = Mis solicitudes
nav-desk = Mesa
nav-quarantine = Cuarentena
nav-deliveries = Envíos
nav-administration = Administración
nav-account = Cuenta de { $name }
nav-settings = Preferencias
nav-sign-out = Cerrar sesión

# Dates. Months and weekdays count from 1; Monday is 1.
date-today = hoy
date-yesterday = ayer
date-day = { $weekday }, { $day } de { $month }
date-day-year = { $weekday }, { $day } de { $month } de { $year }
date-short = { $day } { $shortmonth }
date-short-year = { $day } { $shortmonth } { $year }
date-month = { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
}
date-month-short = { $month ->
    [1] ene
    [2] feb
    [3] mar
    [4] abr
    [5] may
    [6] jun
    [7] jul
    [8] ago
    [9] sep
    [10] oct
    [11] nov
   *[12] dic
}
date-weekday = { $weekday ->
    [1] lunes
    [2] martes
    [3] miércoles
    [4] jueves
    [5] viernes
    [6] sábado
   *[7] domingo
}

# Keys.
keys-title = Atajos de teclado
keys-close = Cerrar
keys-search = Buscar
keys-next = Siguiente y anterior de la lista
keys-open = Abrir
keys-reply = Responder
keys-note = Escribir una nota interna
keys-send = Enviar
keys-leave = Salir de un campo o cerrar
keys-help = Mostrar estos atajos
keys-on = Usar atajos de una sola tecla en este navegador

# What the script says.
script-offline = Sin conexión: lo nuevo aparecerá al recuperarla
script-online = Conexión recuperada
script-failed = No se pudo enviar. El texto sigue aquí; prueba de nuevo.
script-sent = Mensaje guardado
script-undo-over = El mensaje ya salió
script-new = Mensaje nuevo
# Stands behind a number of seconds, with a space between.
script-seconds = s

# Errors: a headline, and what to do.
error-home = Ir al inicio
error-signed-out = La sesión terminó.
error-signed-out-remedy = Inicia sesión de nuevo para continuar.
error-forbidden = Esto no está permitido para esta cuenta.
error-forbidden-remedy = Si hace falta, lo puede hacer o permitir quien administra el servicio.
error-forged = El formulario caducó o no viene de esta página.
error-forged-remedy = Vuelve atrás, recarga la página y envíalo otra vez.
error-not-found = Aquí no hay nada.
error-not-found-remedy = Quizá la dirección esté incompleta, o lo que se busca sea de otra persona.
error-method = Esto no se puede hacer así.
error-method-remedy = Vuelve a la página anterior y usa sus botones.
error-conflict = Algo cambió mientras tanto.
error-conflict-remedy = Recarga la página y mira cómo quedó antes de repetirlo.
error-invalid = Hay datos que no se pueden aceptar.
error-invalid-remedy = Vuelve atrás y corrígelos.
error-too-large = Es demasiado grande.
error-too-large-remedy = Quita archivos o redúcelos y prueba de nuevo.
error-too-often = Demasiados intentos.
error-too-often-remedy = Espera un poco y prueba de nuevo.
error-unavailable = El servicio no responde por ahora.
error-unavailable-remedy = No se perdió nada de lo guardado. Prueba de nuevo en un momento.
error-internal = Algo falló aquí dentro.
error-internal-remedy = Quien administra el servicio lo verá en su registro. Prueba de nuevo más tarde.

# Signing in.
sign-in-title = Entrar
field-email = Correo
field-password = Contraseña
field-new-password = Contraseña nueva
field-name = Nombre
sign-in-password-hint = Si no hay ninguna, se deja vacía y llega un enlace.
sign-in-enter = Entrar
sign-in-send-link = Recibir un enlace
sign-in-about = Con el enlace basta un correo que aparezca en alguna solicitud: no hace falta registrarse.
sign-in-no-address = Esto no parece un correo. Debe ser como nombre@ejemplo.com.
sign-in-no-match = El correo y la contraseña no coinciden. También se puede recibir un enlace.
sign-in-closed = Aquí no se puede entrar: la dirección pública de este servicio no usa https, y la sesión viajaría a la vista de la red. Quien administra el servicio lo resuelve con un proxy https y la clave [http] public_url.
sign-in-unset = El servicio aún no tiene administrador. La dirección para crearlo está en lo que escribe el servicio al arrancar y en su registro.
sign-in-sent-title = Revisa el correo
sign-in-sent = Si esa dirección tiene cuenta o aparece en una solicitud, en un momento llega un mensaje con un enlace para entrar.
sign-in-sent-hint = El enlace sirve una vez, durante 15 minutos. Si no llega, mira también en el correo no deseado.
sign-in-again = Volver a intentarlo
sign-in-link-title = Un paso más
sign-in-link-as = Vas a entrar como
sign-in-link-hint = El enlace sirve una sola vez. Si no lo pediste, cierra esta página.
sign-in-spent-title = Este enlace ya no sirve
sign-in-spent = Se usó, o pasaron más de 15 minutos. Pide otro y usa el último que llegue.

# The first administrator.
set-up-title = Poner en marcha el servicio
set-up-about = Esta es la primera cuenta, la de quien administra. Después, un asistente guía hasta el primer correo entregado.
set-up-begin = Crear la cuenta y empezar
set-up-bad-name = Escribe un nombre de hasta 200 caracteres.
set-up-address-taken = Esta dirección ya tiene una cuenta de otra clase. Usa otra.

# Preferences.
settings-title = Preferencias
settings-view = Idioma y hora
settings-language = Idioma
settings-language-browser = El del navegador
language-name-es = Español
language-name-pt = Português
language-name-en = English
settings-zone = Zona horaria
settings-zone-house = La de la instalación ({ $zone })
settings-bad-zone = No existe esa zona horaria. Elige una de la lista.
settings-mail = Correo
settings-quiet = Sin correo de una solicitud mientras su página está abierta
settings-quiet-hint = Lo nuevo aparece en la página. Al cerrarla, el correo vuelve a llegar.
settings-mute-hint = Cada solicitud tiene además un botón para silenciarla.
settings-save = Guardar
password-about = Al cambiarla se cierran las demás sesiones.
password-none = Esta cuenta entra con enlaces. Con una contraseña puede entrar también sin esperar un correo.
password-current = Contraseña actual
password-hint = De 8 a 200 caracteres, los que sean.
password-wrong = No es la contraseña actual.
password-bad = Debe tener de 8 a 200 caracteres.
password-change = Cambiar la contraseña
password-set = Poner una contraseña
sessions-title = Otras sesiones
sessions-about = Cierra la sesión en cualquier otro navegador o teléfono.
sessions-end = Cerrar las demás sesiones

# Notices on the next page.
flash-signed-out = Sesión cerrada
flash-settings-saved = Preferencias guardadas
flash-password-changed = Contraseña guardada; las demás sesiones se cerraron
flash-sessions-ended = Las demás sesiones se cerraron
