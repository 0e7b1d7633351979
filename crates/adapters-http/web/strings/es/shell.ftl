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

# What the script says.
script-offline = Sin conexión: lo nuevo aparecerá al recuperarla
script-online = Conexión recuperada
script-failed = No se pudo enviar. El texto sigue aquí; prueba de nuevo.
script-sent = Mensaje guardado
script-undo-over = El mensaje ya salió

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
