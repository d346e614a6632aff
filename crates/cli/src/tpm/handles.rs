use tss_esapi::{Context, handles::ObjectHandle};

use super::TpmError;

/// Does something with what a command loaded into the TPM, and flushes that, whatever came out. If a panic comes between, the
/// context flushes it when it is dropped.
pub(super) fn flushed_after<T>(
    context: &mut Context,
    loaded: ObjectHandle,
    work: impl FnOnce(&mut Context) -> Result<T, TpmError>,
) -> Result<T, TpmError> {
    let result = work(context);
    let flushed = context.flush_context(loaded);
    // Why it failed says more than that it could not be flushed either.
    let result = result?;
    flushed?;
    Ok(result)
}

/// The same with what lies in the TPM for good: only this process forgets it.
pub(super) fn closed_after<T>(
    context: &mut Context,
    persistent: ObjectHandle,
    work: impl FnOnce(&mut Context) -> Result<T, TpmError>,
) -> Result<T, TpmError> {
    let result = work(context);
    let mut persistent = persistent;
    let closed = context.tr_close(&mut persistent);
    let result = result?;
    closed?;
    Ok(result)
}
