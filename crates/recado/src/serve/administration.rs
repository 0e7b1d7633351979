//! The use cases of the administration, wired.

use std::sync::Arc;

use recado_adapters_http::Administration;
use recado_app::manage_template_images::ManageTemplateImages;
use recado_app::read_audit::ReadAudit;
use recado_app::read_outbox::ReadOutbox;
use recado_app::receive_mail::ReceiveMail;
use recado_app::show_mail::ShowMail;
use recado_app::try_accounts::TryAccounts;
use recado_domain::token::Keyring;

use crate::wiring::House;

/// The use cases of the administration, and of the desk's quarantine and deliveries, beside the API's.
pub(super) fn administration(
    house: &House,
    keyring: &Arc<Keyring>,
    receive: &Arc<ReceiveMail>,
) -> anyhow::Result<Administration> {
    let transport = house.transport()?;
    let database = || house.database.clone();
    Ok(Administration {
        diagnose: house.diagnose(transport.clone()),
        try_accounts: TryAccounts {
            parameters: database(),
            transport,
            mailbox: Arc::new(house.mailbox_check()?),
            outbox: database(),
            composer: house.composer.clone(),
            clock: house.clock.clone(),
            ids: house.ids.clone(),
            keyring: keyring.clone(),
            settings: house.configuration.messaging.clone(),
        },
        read_outbox: ReadOutbox {
            outbox: database(),
            channels: database(),
            parameters: database(),
        },
        steer_channel: house.steer_channel(),
        show_mail: ShowMail {
            receive: receive.clone(),
        },
        template_images: ManageTemplateImages {
            templates: database(),
            images: database(),
            trail: house.trail(),
        },
        manage_people: house.manage_people(),
        add_user: house.add_user(),
        create_token: house.create_token(),
        read_audit: ReadAudit { audit: database() },
    })
}
