# The conversation, on the portal and at the desk.
message-you = Tú
message-by-mail = por correo
message-by-system = desde otro sistema
message-note = Nota
message-internal = Nota interna: no sale de la mesa
message-quoted = Texto citado
message-rest = Leer el mensaje entero ({ $size })
message-menu = Acciones del mensaje
message-make-internal = Dejar solo para la mesa
message-withdraw = Retirar el mensaje
message-none-left = Ningún correo ha salido todavía.
message-left = { $count ->
    [one] Uno ya salió, para { $names }, y no se puede recuperar.
   *[other] Ya salieron para { $names } y no se pueden recuperar.
}

# What became of a message's mails. $count: mails in this state, $others: the message's other mails.
hold-leaves = Sale en
hold-undoable = Aún se puede deshacer:
hold-seconds = { $seconds } s
hold-undo = Deshacer
mail-hold = En espera: aún se puede deshacer
mail-waiting = { $count ->
    [one] Esperando a salir
   *[other] { $count } correos esperan a salir
}
mail-leaving = Saliendo…
mail-retry = { $count ->
    [one] El servidor lo aplazó; se vuelve a intentar
   *[other] { $count } correos aplazados; se vuelven a intentar
}
mail-unsure = No se sabe si llegó; se vuelve a enviar
mail-held = Retenido: el correo está detenido por ahora
mail-sent = { $count ->
    [one] Aceptado por el servidor
   *[other] { $count } aceptados por el servidor
}
mail-relayed = { $count ->
    [one] Aceptado; el servidor siguiente no da más noticias
   *[other] { $count } aceptados; el servidor siguiente no da más noticias
}
mail-delivered = { $count ->
    [one] Entregado
   *[other] { $count } entregados
}
mail-answered = { $count ->
    [one] Respondido
   *[other] { $count } respondidos
}
mail-bounced = { $others ->
    [0] { $count ->
        [one] Rebotado: no se pudo entregar
       *[other] { $count } correos rebotados
    }
   *[other] { $count ->
        [one] Un correo rebotado
       *[other] { $count } correos rebotados
    } de { $others }
}
mail-dead = { $others ->
    [0] { $count ->
        [one] No se pudo enviar
       *[other] { $count } correos que no se pudieron enviar
    }
   *[other] { $count ->
        [one] Un correo que no se pudo enviar
       *[other] { $count } correos que no se pudieron enviar
    } de { $others }
}
mail-cancelled = { $count ->
    [one] Cancelado antes de salir
   *[other] { $count } cancelados antes de salir
}
mail-seen = { $count ->
    [one] Leído en la página
   *[other] { $count } leídos en la página
}
mail-none = Sin correo: nadie más a quien avisar
mail-received = Recibido por la mesa
mail-details = Ver el envío
mail-requeue = Enviar de nuevo

talk-label = Conversación
talk-messages = Mensajes
talk-earlier = Mensajes anteriores
talk-newest = Ir a los más recientes
talk-empty = Todavía no hay mensajes
talk-empty-write = Escribe el primero: quien atiende la solicitud lo recibe también por correo.
talk-empty-read = Cuando alguien escriba, aparecerá aquí.

write-label = Mensaje
write-as = Qué se escribe
write-message = Mensaje
write-note = Nota
write-reply = Respuesta
write-internal = Nota interna
write-to-name = Escribe a { $name }…
write-to-desk = Escribe a la mesa…
write-attach = Adjuntar
write-send = Enviar
write-to = Se envía a { $names }
write-to-nobody = No hay nadie más a quien avisar por correo
write-to-internal = Solo la mesa lo ve; se avisa a { $names }
write-internal-nobody = Solo la mesa lo ve; no sale ningún correo
write-closed = Esta solicitud está cerrada. Lo que escribas llega igual.
write-failed = No se pudo enviar; el texto sigue aquí. { $reason }
write-empty = Escribe algo o adjunta un archivo.
write-too-long = El texto es demasiado largo; adjúntalo como archivo.
write-too-many-files = Son demasiados archivos: como mucho { $most } por mensaje.
write-file-too-large = «{ $name }» es demasiado grande: como mucho { $most }.
write-nul = El texto contiene un carácter que no se puede guardar; bórralo y vuelve a intentarlo.
write-not-allowed = Aquí no puedes escribir eso.
write-try-again = Inténtalo otra vez en un momento.
write-files-again = Vuelve a adjuntar los archivos: el navegador no los conserva.
write-undone = El mensaje no salió. Aquí está el texto, por si quieres cambiarlo.

head-back = Volver a la lista
head-with = con { $name }
head-mute = Silenciar: no recibir correo de esta solicitud
head-unmute = Silenciada: volver a recibir correo
status-open = abierta
status-closed = cerrada

tickets-title = Mis solicitudes
tickets-search = Buscar en solicitudes y mensajes
tickets-which = Qué solicitudes se ven
tickets-open = Abiertas
tickets-closed = Cerradas
tickets-all = Todas
tickets-all-again = Ver todas las abiertas
tickets-none-open = No tienes solicitudes abiertas
tickets-none-open-hint = Las solicitudes nuevas aparecen aquí en cuanto la mesa las registra.
tickets-none-closed = No tienes solicitudes cerradas
tickets-none-closed-hint = Las que se resuelvan quedan guardadas aquí.
tickets-none = No tienes solicitudes
tickets-none-found = Nada coincide con la búsqueda
tickets-none-found-hint = Prueba con menos palabras, o con el número de la solicitud.
list-more = Ver más
item-unread = Sin leer:
item-nothing = Sin mensajes todavía
item-undelivered = correo sin entregar
item-unanswered = espera respuesta
search-do = Buscar
found-messages = En los mensajes

flash-withdrawn = El mensaje está retirado.
flash-made-internal = El mensaje queda solo para la mesa.
flash-muted = No recibirás correo de esta solicitud.
flash-heard = Vuelves a recibir correo de esta solicitud.

view-only = Vista de solo lectura por un enlace que caduca.
view-sign-in = Inicia sesión para responder
