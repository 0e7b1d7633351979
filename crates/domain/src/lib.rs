//! The pure model of ticket messaging: tickets, comments, template keys, the outbox state machine.
