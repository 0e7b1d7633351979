//! The use cases of the administration, over stores in memory.

use std::sync::Arc;

use recado_adapters_http::{Administration, Api};
use recado_app::add_user::AddUser;
use recado_app::create_token::CreateToken;
use recado_app::diagnose::Diagnose;
use recado_app::manage_people::ManagePeople;
use recado_app::manage_template_images::ManageTemplateImages;
use recado_app::read_audit::ReadAudit;
use recado_app::read_outbox::ReadOutbox;
use recado_app::settings::WayOut;
use recado_app::show_mail::ShowMail;
use recado_app::steer_channel::SteerChannel;
use recado_app::trail::Trail;
use recado_app::try_accounts::TryAccounts;
use recado_ports::mailbox::MockMailboxCheck;
use recado_test_support::clock::ManualClock;
use recado_test_support::fakes::{MemoryStore, PlainComposer, ScriptedTransport};
use recado_test_support::ids::SequentialIds;

pub(crate) fn administration(
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
    ids: &Arc<SequentialIds>,
    api: &Api,
) -> Administration {
    let s = Arc::new(store.clone());
    let transport = Arc::new(ScriptedTransport::default());
    let trail = Trail {
        audit: s.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
    };
    Administration {
        diagnose: Diagnose {
            parameters: s.clone(),
            templates: s.clone(),
            channels: s.clone(),
            outbox: s.clone(),
            transport: transport.clone(),
            way_out: WayOut::Files,
        },
        try_accounts: TryAccounts {
            parameters: s.clone(),
            transport,
            mailbox: Arc::new(MockMailboxCheck::new()),
            outbox: s.clone(),
            composer: Arc::new(PlainComposer),
            clock: clock.clone(),
            ids: ids.clone(),
            keyring: api.test_template.keyring.clone(),
            settings: api.test_template.settings.clone(),
        },
        read_outbox: ReadOutbox {
            outbox: s.clone(),
            channels: s.clone(),
            parameters: s.clone(),
        },
        steer_channel: SteerChannel {
            channels: s.clone(),
            trail: trail.clone(),
        },
        template_images: ManageTemplateImages {
            templates: s.clone(),
            images: s.clone(),
            trail: trail.clone(),
        },
        show_mail: ShowMail {
            receive: api.steer_mail.receive.clone(),
        },
        manage_people: ManagePeople {
            accounts: s.clone(),
            people: s.clone(),
            sessions: s.clone(),
            ids: ids.clone(),
            trail: trail.clone(),
        },
        add_user: AddUser {
            people: s.clone(),
            ids: ids.clone(),
            trail: trail.clone(),
        },
        create_token: CreateToken {
            people: s.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            trail,
        },
        read_audit: ReadAudit { audit: s },
    }
}
