//! What operators do with `keyfoldd`, and what both programs say of themselves.

mod account_delete;
mod configuration;
mod logs;
