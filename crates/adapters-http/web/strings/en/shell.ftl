# What surrounds every page.
skip-to-main = Skip to the content
nav-label = Sections
nav-tickets = My requests
nav-desk = Desk
nav-quarantine = Quarantine
nav-deliveries = Deliveries
nav-administration = Administration
nav-account = Account of { $name }
nav-settings = Preferences
nav-sign-out = Sign out

# Dates. Months and weekdays count from 1; Monday is 1.
date-today = today
date-yesterday = yesterday
date-day = { $weekday }, { $day } { $month }
date-day-year = { $weekday }, { $day } { $month } { $year }
date-short = { $day } { $shortmonth }
date-short-year = { $day } { $shortmonth } { $year }
date-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
date-month-short = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
date-weekday = { $weekday ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
}

# Keys.
keys-title = Keyboard shortcuts
keys-close = Close
keys-search = Search
keys-next = Next and previous in the list
keys-open = Open
keys-reply = Reply
keys-note = Write an internal note
keys-send = Send
keys-leave = Leave a field, or close
keys-help = Show these shortcuts

# What the script says.
script-offline = Offline: news will appear when the connection is back
script-online = The connection is back
script-failed = It could not be sent. The text is still here; try again.
script-sent = Message stored
script-undo-over = The message has left

# Errors: a headline, and what to do.
error-home = Go to the start
error-signed-out = The session has ended.
error-signed-out-remedy = Sign in again to go on.
error-forbidden = This account may not do this.
error-forbidden-remedy = If it is needed, whoever administers the service can do it or allow it.
error-forged = The form is too old, or not from this page.
error-forged-remedy = Go back, reload the page and send it again.
error-not-found = There is nothing here.
error-not-found-remedy = The address may be incomplete, or what it names may be somebody else's.
error-method = This cannot be done in this way.
error-method-remedy = Go back to the page before and use its buttons.
error-conflict = Something changed meanwhile.
error-conflict-remedy = Reload the page and look at how things are before repeating it.
error-invalid = Some values cannot be taken.
error-invalid-remedy = Go back and mend them.
error-too-large = It is too large.
error-too-large-remedy = Remove files or make them smaller, and try again.
error-too-often = Too many tries.
error-too-often-remedy = Wait a little and try again.
error-unavailable = The service does not answer for now.
error-unavailable-remedy = Nothing that was stored is lost. Try again in a moment.
error-internal = Something failed in here.
error-internal-remedy = Whoever administers the service will see it in the log. Try again later.
