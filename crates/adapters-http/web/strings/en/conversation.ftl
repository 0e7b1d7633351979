# The conversation, on the portal and at the desk.
message-you = You
message-by-mail = by mail
message-by-system = from another system
message-note = Note
message-internal = Internal note: it stays at the desk
message-quoted = Quoted text
message-rest = Read the whole message ({ $size })
message-menu = Message actions
message-make-internal = Keep for the desk alone
message-withdraw = Withdraw the message
message-none-left = No mail has left yet.
message-left = { $count ->
    [one] One has left already, to { $names }, and cannot be called back.
   *[other] They have left already to { $names } and cannot be called back.
}

# What became of a message's mails. $count: mails in this state, $others: the message's other mails.
hold-leaves = Leaves in
hold-undoable = Can still be undone:
hold-seconds = { $seconds } s
hold-undo = Undo
mail-hold = On hold: it can still be undone
mail-waiting = { $count ->
    [one] Waiting to leave
   *[other] { $count } mails wait to leave
}
mail-leaving = Leaving…
mail-retry = { $count ->
    [one] Put off by the server; it will be tried again
   *[other] { $count } mails put off; they will be tried again
}
mail-unsure = It may have arrived; it will be sent again
mail-held = Held: outgoing mail is stopped for now
mail-sent = { $count ->
    [one] Accepted by the server
   *[other] { $count } accepted by the server
}
mail-relayed = { $count ->
    [one] Accepted; the next server gives no further news
   *[other] { $count } accepted; the next server gives no further news
}
mail-delivered = { $count ->
    [one] Delivered
   *[other] { $count } delivered
}
mail-answered = { $count ->
    [one] Answered
   *[other] { $count } answered
}
mail-bounced = { $others ->
    [0] { $count ->
        [one] Bounced: it could not be delivered
       *[other] { $count } mails bounced
    }
   *[other] { $count ->
        [one] One mail bounced
       *[other] { $count } mails bounced
    } of { $others }
}
mail-dead = { $others ->
    [0] { $count ->
        [one] It could not be sent
       *[other] { $count } mails could not be sent
    }
   *[other] { $count ->
        [one] One mail could not be sent
       *[other] { $count } mails could not be sent
    } of { $others }
}
mail-cancelled = { $count ->
    [one] Cancelled before it left
   *[other] { $count } cancelled before they left
}
mail-seen = { $count ->
    [one] Read on the page
   *[other] { $count } read on the page
}
mail-none = No mail: there is nobody else to tell
mail-received = Received by the desk
mail-details = See the delivery
mail-requeue = Send again

talk-label = Conversation
talk-messages = Messages
talk-earlier = Earlier messages
talk-newest = Go to the newest
talk-empty = No messages yet
talk-empty-write = Write the first one: whoever works on the request gets it by mail too.
talk-empty-read = When somebody writes, it will show here.

write-label = Message
write-as = What to write
write-message = Message
write-note = Note
write-reply = Reply
write-internal = Internal note
write-to-name = Write to { $name }…
write-to-desk = Write to the desk…
write-attach = Attach
write-send = Send
write-to = Goes to { $names }
write-to-nobody = There is nobody else to tell by mail
write-to-internal = The desk alone sees it; { $names } will be told
write-internal-nobody = The desk alone sees it; no mail is sent
write-closed = This request is closed. What you write arrives all the same.
write-failed = It could not be sent; the text is still here. { $reason }
write-empty = Write something or attach a file.
write-too-long = The text is too long; attach it as a file.
write-too-many-files = Too many files: at most { $most } with a message.
write-file-too-large = “{ $name }” is too large: at most { $most }.
write-nul = The text holds a character that cannot be kept; delete it and try again.
write-not-allowed = That cannot be written here.
write-try-again = Try again in a moment.
write-files-again = Attach the files again: the browser does not keep them.
write-undone = The message did not leave. Here is its text, in case you want to change it.

head-back = Back to the list
head-with = with { $name }
head-mute = Mute: no mail about this request
head-unmute = Muted: get mail again
status-open = open
status-closed = closed

tickets-title = My requests
tickets-search = Search requests and messages
tickets-which = Which requests to show
tickets-open = Open
tickets-closed = Closed
tickets-all = All
tickets-all-again = Show all open ones
tickets-none-open = You have no open requests
tickets-none-open-hint = New requests show here as soon as the desk has them.
tickets-none-closed = You have no closed requests
tickets-none-closed-hint = Those that are solved are kept here.
tickets-none = You have no requests
tickets-none-found = Nothing matches the search
tickets-none-found-hint = Try fewer words, or the number of the request.
list-more = Show more
item-unread = Unread:
item-nothing = No messages yet
item-undelivered = mail not delivered
item-unanswered = awaits an answer
search-do = Search
found-messages = In messages

flash-withdrawn = The message is withdrawn.
flash-made-internal = The message is the desk’s alone now.
flash-muted = You will get no mail about this request.
flash-heard = You get mail about this request again.

view-only = Read only, by a link that expires.
view-sign-in = Sign in to answer
