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
keys-on = Use single-key shortcuts in this browser

# What the script says.
script-offline = Offline: news will appear when the connection is back
script-online = The connection is back
script-failed = It could not be sent. The text is still here; try again.
script-sent = Message stored
script-undo-over = The message has left
script-new = New message
# Stands behind a number of seconds, with a space between.
script-seconds = s

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

# Signing in.
sign-in-title = Sign in
field-email = E-mail
field-password = Password
field-new-password = New password
field-name = Name
sign-in-password-hint = Leave it empty if there is none, and a link arrives.
sign-in-enter = Sign in
sign-in-send-link = Get a link
sign-in-about = For a link, an address that is named on some request is enough: nobody needs to register.
sign-in-no-address = This does not look like an e-mail address. It should be like name@example.com.
sign-in-no-match = E-mail and password do not match. A link can be had as well.
sign-in-closed = Nobody can sign in here: the public address of this service does not use https, and the session would cross the network in plain sight. Whoever administers the service mends this with an https proxy and the key [http] public_url.
sign-in-unset = The service has no administrator yet. The address to make one is in what the service prints at its start, and in its log.
sign-in-sent-title = Look at the mail
sign-in-sent = If that address has an account or is named on a request, a message with a link to sign in arrives in a moment.
sign-in-sent-hint = The link works once, within 15 minutes. If none arrives, look among the junk mail too.
sign-in-again = Try again
sign-in-link-title = One more step
sign-in-link-as = Signing in as
sign-in-link-hint = The link works only once. If it was not asked for, close this page.
sign-in-spent-title = This link no longer works
sign-in-spent = It was used, or more than 15 minutes have passed. Ask for another and use the latest that arrives.

# The first administrator.
set-up-title = Set the service up
set-up-about = This is the first account, that of the administrator. After it, a guide leads to the first delivered mail.
set-up-begin = Make the account and begin
set-up-bad-name = Write a name of up to 200 characters.
set-up-address-taken = This address has an account of another kind. Use another one.

# Preferences.
settings-title = Preferences
settings-view = Language and time
settings-language = Language
settings-language-browser = The browser's
language-name-es = Español
language-name-pt = Português
language-name-en = English
settings-zone = Time zone
settings-zone-house = The installation's ({ $zone })
settings-bad-zone = There is no such time zone. Choose one from the list.
settings-mail = Mail
settings-quiet = No mail about a request while its page is open
settings-quiet-hint = News appears on the page. Once it is closed, mail arrives again.
settings-mute-hint = Each request also has a button to mute it.
settings-save = Save
password-about = Changing it ends the other sessions.
password-none = This account signs in by links. With a password it can sign in without waiting for mail as well.
password-current = Current password
password-hint = 8 to 200 characters, whichever they are.
password-wrong = This is not the current password.
password-bad = It needs 8 to 200 characters.
password-change = Change the password
password-set = Set a password
sessions-title = Other sessions
sessions-about = Signs out in every other browser or phone.
sessions-end = End the other sessions

# Notices on the next page.
flash-signed-out = Signed out
flash-settings-saved = Preferences saved
flash-password-changed = Password saved; the other sessions have ended
flash-sessions-ended = The other sessions have ended
