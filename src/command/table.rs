//! The list. Doors, help, completions, man pages, palette and key checks are derived from it.

use crate::engine::contract::Entry;
use crate::engine::{Catalog, Touch};

use super::screen::args as verb;
use super::{daemon, feature, hooks, host, repo, service, session, system, transcript, watcher, workspace};

/// Every command. Sorted by name within its kind; one line each.
static ENTRIES: &[Entry] = &[
    Entry::run::<transcript::alias::Alias>("alias"),
    Entry::run::<workspace::attach::Attach>("attach"),
    Entry::run::<host::bootstrap::Bootstrap>("bootstrap"),
    Entry::run::<transcript::capture::Capture>("capture"),
    Entry::run::<transcript::compare::Compare>("compare"),
    Entry::run::<system::completions::Completions>("completions"),
    Entry::run::<system::config_get::ConfigGet>("config get"),
    Entry::run::<system::config_path::ConfigPath>("config path"),
    Entry::run::<system::config_set::ConfigSet>("config set"),
    Entry::run::<system::config_show::ConfigShow>("config show"),
    Entry::run::<transcript::cost::Cost>("cost"),
    Entry::run::<daemon::logs::DaemonLogs>("daemon logs"),
    Entry::run::<daemon::rebuild_index::DaemonRebuildIndex>("daemon rebuild-index"),
    Entry::run::<daemon::restart::DaemonRestart>("daemon restart"),
    Entry::run::<daemon::run::DaemonRun>("daemon run"),
    Entry::run::<daemon::start::DaemonStart>("daemon start"),
    Entry::run::<daemon::status::DaemonStatus>("daemon status"),
    Entry::run::<daemon::stop::DaemonStop>("daemon stop"),
    Entry::run::<transcript::delete::Delete>("delete"),
    Entry::run::<system::demo::Demo>("demo"),
    Entry::run::<workspace::detach::Detach>("detach"),
    Entry::run::<feature::destroy::FeatureDestroy>("feature destroy"),
    Entry::run::<system::doctor::Doctor>("doctor"),
    Entry::run::<transcript::dupes::Dupes>("dupes"),
    Entry::run::<feature::list::FeatureList>("feature list"),
    Entry::run::<feature::new::FeatureNew>("feature new"),
    Entry::run::<feature::restore::FeatureRestore>("feature restore"),
    Entry::run::<feature::show::FeatureShow>("feature show"),
    Entry::run::<workspace::hapi::HapiStart>("hapi start"),
    Entry::run::<hooks::install::HooksInstall>("hooks install"),
    Entry::run::<hooks::list::HooksList>("hooks list"),
    Entry::run::<hooks::uninstall::HooksUninstall>("hooks uninstall"),
    Entry::run::<host::add::HostAdd>("host add"),
    Entry::run::<host::check::HostCheck>("host check"),
    Entry::run::<host::discover::HostDiscover>("host discover"),
    Entry::run::<host::list::HostList>("host list"),
    Entry::run::<host::login::HostLogin>("host login"),
    Entry::run::<host::remove::HostRemove>("host remove"),
    Entry::run::<host::show::HostShow>("host show"),
    Entry::run::<transcript::import::Import>("import"),
    Entry::run::<system::init::Init>("init"),
    Entry::run::<system::journal_export::JournalExport>("journal export"),
    Entry::run::<system::journal_list::JournalList>("journal list"),
    Entry::run::<transcript::list::List>("list"),
    Entry::run::<system::log::Log>("log"),
    Entry::run::<system::man::Man>("man"),
    Entry::run::<session::pause::Pause>("pause"),
    Entry::run::<repo::add::RepoAdd>("repo add"),
    Entry::run::<repo::list::RepoList>("repo list"),
    Entry::run::<repo::remove::RepoRemove>("repo remove"),
    Entry::run::<repo::set::RepoSet>("repo set"),
    Entry::open::<session::run::Run>("run"),
    Entry::run::<transcript::search::Search>("search"),
    Entry::run::<service::install::ServiceInstall>("service install"),
    Entry::run::<service::restart::ServiceRestart>("service restart"),
    Entry::run::<service::start::ServiceStart>("service start"),
    Entry::run::<service::status::ServiceStatus>("service status"),
    Entry::run::<service::stop::ServiceStop>("service stop"),
    Entry::run::<service::uninstall::ServiceUninstall>("service uninstall"),
    Entry::open::<session::adopt::SessionAdopt>("session adopt"),
    Entry::open::<session::attach::SessionAttach>("session attach"),
    Entry::run::<session::explain::SessionExplain>("session explain"),
    Entry::run::<session::list::SessionList>("session list"),
    Entry::run::<session::mute::SessionMute>("session mute"),
    Entry::run::<session::paste::SessionPaste>("session paste"),
    Entry::run::<session::resume::SessionResume>("session resume"),
    Entry::run::<session::screen::SessionScreen>("session screen"),
    Entry::run::<session::send::SessionSend>("session send"),
    Entry::run::<session::share::SessionShare>("session share"),
    Entry::run::<session::show::SessionShow>("session show"),
    Entry::run::<session::start::SessionStart>("session start"),
    Entry::run::<session::stop::SessionStop>("session stop"),
    Entry::run::<session::tmux::SessionTmux>("session tmux"),
    Entry::run::<session::unshare::SessionUnshare>("session unshare"),
    Entry::run::<session::wait::SessionWait>("session wait"),
    Entry::run::<transcript::show::Show>("show"),
    Entry::run::<system::state_export::StateExport>("state export"),
    Entry::run::<system::state_import::StateImport>("state import"),
    Entry::run::<transcript::storage::Storage>("storage"),
    Entry::run::<transcript::storage_prune::StoragePrune>("storage prune"),
    Entry::run::<transcript::summary::Summary>("summary"),
    Entry::run::<workspace::sync::Sync>("sync"),
    Entry::run::<transcript::undelete::Undelete>("undelete"),
    Entry::run::<system::version::Version>("version"),
    Entry::run::<watcher::disable::WatcherDisable>("watcher disable"),
    Entry::run::<watcher::enable::WatcherEnable>("watcher enable"),
    Entry::run::<watcher::list::WatcherList>("watcher list"),
    Entry::run::<workspace::worktree_diff::WorktreeDiff>("worktree diff"),
    Entry::run::<workspace::worktree_edit::WorktreeEdit>("worktree edit"),
    Entry::run::<workspace::worktree_list::WorktreeList>("worktree list"),
    Entry::run::<workspace::worktree_log::WorktreeLog>("worktree log"),
    Entry::run::<workspace::worktree_shell::WorktreeShell>("worktree shell"),
    // Verbs of the screen.
    Entry::screen::<verb::Back>("back"),
    Entry::screen::<verb::Cancel>("cancel"),
    Entry::screen::<verb::Copy>("copy"),
    Entry::screen::<verb::Fill>("fill"),
    Entry::screen::<verb::Filter>("filter"),
    Entry::screen::<verb::Find>("find"),
    Entry::screen::<verb::Focus>("focus"),
    Entry::screen::<verb::Form>("form"),
    Entry::screen::<verb::Go>("go"),
    Entry::screen::<verb::Jump>("jump"),
    Entry::screen::<verb::Keys>("keys"),
    Entry::screen::<verb::Mouse>("mouse"),
    Entry::screen::<verb::Next>("next"),
    Entry::screen::<verb::Notices>("notices"),
    Entry::screen::<verb::Open>("open"),
    Entry::screen::<verb::Output>("output"),
    Entry::screen::<verb::Palette>("palette"),
    Entry::screen::<verb::Previous>("previous"),
    Entry::screen::<verb::Quit>("quit"),
    Entry::screen::<verb::Redraw>("redraw"),
    Entry::screen::<verb::Select>("select"),
    Entry::screen::<verb::Sort>("sort"),
    Entry::screen::<verb::Suspend>("suspend"),
    Entry::screen::<verb::Toggle>("toggle"),
    Entry::screen::<verb::Zoom>("zoom"),
];

/// The words above a group of commands, for help.
pub const GROUPS: &[(&str, &str)] = &[
    ("config", "Show and change settings"),
    ("daemon", "Capturing in the background"),
    ("feature", "Pieces of work that span repositories and hosts"),
    ("hapi", "HAPI, which drives agents from a phone or a browser"),
    ("hooks", "What sf leaves with the AI tools: hooks that report, /sf-pause and /sf-resume"),
    ("host", "Machines that can be reached"),
    ("journal", "What was run, from any door"),
    ("repo", "Repositories that features are made of"),
    ("service", "The background capture as a service of the system"),
    ("session", "Live terminals that outlive their clients"),
    ("watcher", "Which tools are captured"),
    ("state", "Hosts, repositories, features and settings as one file"),
    ("worktree", "Worktrees of all hosts"),
];

/// The table as the engine sees it.
pub struct Table;

impl Catalog for Table {
    fn entries(&self) -> &'static [Entry] {
        ENTRIES
    }
}

/// Every entry that is no verb of the screen.
pub fn commands() -> impl Iterator<Item = &'static Entry> {
    ENTRIES.iter().filter(|e| !matches!(e.body, crate::engine::contract::Body::Screen))
}

/// Whether running a line changes anything.
pub fn touches(name: &str) -> Touch {
    Table.find(name).map_or(Touch::Reads, |entry| entry.touch)
}
