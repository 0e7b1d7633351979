//! Recado's use cases, one file each, named by a verb.
//!
//! A use case is a struct whose fields are the ports that it needs, and one method that does it. Permissions are
//! decided here, once, whoever asks: the HTTP API, the pages, the command line, the mails that come in.

pub mod access;
pub mod outgoing;
pub mod settings;
pub mod stop;
pub mod trail;

mod comment_mails;
mod letter;
mod wording;

pub mod foresee_comment;
pub mod post_comment;
pub mod read_comments;
pub mod release_held;
pub mod retract_comment;
pub mod see_comment;
pub mod view_link;

pub mod read_mails;
pub mod receive_mail;
pub mod show_mail;
pub mod steer_mail;

pub mod manage_ticket;
pub mod put_ticket;
pub mod read_inbox;
pub mod read_tickets;

pub mod manage_template_images;
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

pub mod authenticate;
pub mod local_path;
pub mod passwords;
pub mod set_up;
pub mod sign_in;

mod session;

pub mod add_user;
pub mod create_token;
pub mod manage_people;
pub mod put_group;
pub mod read_audit;
pub mod set_preference;

pub mod diagnose;
pub mod follow_events;
pub mod try_accounts;
