//! What operators do with `keyfoldd`, and what both programs say of themselves.

mod account_delete;
mod configuration;
mod help;
mod invites;
mod json;
mod listeners;
mod logs;
mod newer;
