//! Recado's use cases, one file each, named by a verb.
//!
//! A use case is a struct whose fields are the ports that it needs, and one method that does it. Permissions are
//! decided here, once, whoever asks: the HTTP API, the command line, later the pages and the mails that come in.

pub mod access;
pub mod outgoing;
pub mod settings;
pub mod stop;

mod comment_mails;
mod letter;
mod wording;

pub mod post_comment;
pub mod read_comments;
pub mod release_held;
pub mod retract_comment;
pub mod view_link;

pub mod read_mails;
pub mod receive_mail;
pub mod show_mail;
pub mod steer_mail;

pub mod manage_ticket;
pub mod put_ticket;
pub mod read_inbox;
pub mod read_tickets;

pub mod preview_template;
pub mod put_template;
pub mod read_templates;
pub mod test_template;

pub mod read_parameters;
pub mod set_parameter;

pub mod deliver_batch;
pub mod keep_house;
pub mod read_deliveries;
pub mod read_outbox;
pub mod steer_channel;
pub mod steer_delivery;
pub mod steer_suppression;

pub mod add_user;
pub mod authenticate;
pub mod create_token;
pub mod put_group;

pub mod diagnose;
pub mod follow_events;
pub mod try_accounts;
