//! The use cases that only the pages need, wired.

use std::sync::Arc;

use recado_adapters_http::Pages;
use recado_app::foresee_comment::ForeseeComment;
use recado_app::manage_ticket::ManageTicket;
use recado_app::read_inbox::ReadInbox;
use recado_app::receive_mail::ReceiveMail;
use recado_app::see_comment::SeeComment;
use recado_app::set_preference::SetPreference;
use recado_app::set_up::SetUp;
use recado_app::sign_in::SignIn;
use recado_app::view_link::ViewTicket;
use recado_domain::token::Keyring;

use super::administration::administration;
use crate::wiring::House;

/// Every use case that only the pages need.
pub(super) fn pages(
    house: &House,
    keyring: &Arc<Keyring>,
    receive: &Arc<ReceiveMail>,
) -> anyhow::Result<Pages> {
    let database = || house.database.clone();
    let settings = house.configuration.messaging.clone();
    Ok(Pages {
        administration: administration(house, keyring, receive)?,
        sign_in: sign_in(house, keyring),
        set_up: set_up(house, keyring),
        see_comment: SeeComment {
            preferences: database(),
            outbox: database(),
            clock: house.clock.clone(),
        },
        set_preference: SetPreference {
            preferences: database(),
            accounts: database(),
            sessions: database(),
            tickets: database(),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
        },
        read_inbox: ReadInbox {
            inbox: database(),
            tickets: database(),
            clock: house.clock.clone(),
        },
        foresee_comment: ForeseeComment {
            parameters: database(),
            people: database(),
            settings: settings.clone(),
        },
        manage_ticket: ManageTicket {
            put: house.put_ticket(),
        },
        view_ticket: ViewTicket {
            tickets: database(),
            comments: database(),
            keyring: keyring.clone(),
            clock: house.clock.clone(),
        },
        settings,
    })
}

/// Lets people in and out.
pub(super) fn sign_in(house: &House, keyring: &Arc<Keyring>) -> SignIn {
    let database = || house.database.clone();
    SignIn {
        people: database(),
        accounts: database(),
        sessions: database(),
        preferences: database(),
        parameters: database(),
        outbox: database(),
        composer: house.composer.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        keyring: keyring.clone(),
        settings: house.configuration.messaging.clone(),
    }
}

/// Makes the first administrator.
pub(super) fn set_up(house: &House, keyring: &Arc<Keyring>) -> SetUp {
    let database = || house.database.clone();
    SetUp {
        accounts: database(),
        sessions: database(),
        keyring: keyring.clone(),
        clock: house.clock.clone(),
        ids: house.ids.clone(),
        trail: house.trail(),
    }
}
