//! Compares the proofs with the stores for a command that applies rules without a service: events that were removed from a store since
//! have no copy. It copies nothing.

use owlery_store::{Client, Error as StoreError, HostIndex, HostName, Proofs, Result as StoreResult, StoreOptions};

use super::super::handle::Handle;
use crate::error::{Error, Result};

/// Compares the proofs of each store whose copies rules wait for. A store that cannot be asked is logged, and no rule counts on it.
pub(in crate::service) fn compare_all(handle: &Handle) -> Result<()> {
    let stores = handle.stores();
    let all = stores.names(None).into_iter().filter_map(|name| stores.options(None, name.as_str()).ok());
    let holding: Vec<StoreOptions> = all.filter(|options| options.active && options.copy.holds_events()).collect();
    if holding.is_empty() {
        return Ok(());
    }
    // Without an identity, the pass itself is refused.
    let Ok(archive) = handle.tree.verify_identity().map(str::to_owned) else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Error::io("start the runtime of", "the requests to the stores", e))?;
    for options in holding {
        let figures = handle.copying.add(&options);
        let host = options.host_name().map_err(|error| Error::Config(error.to_string()))?;
        let proofs = Proofs::new(handle.state_dir(), &options.url, &host, &archive);
        let compared = stores
            .get(None, options.name.as_str())
            .and_then(|client| runtime.block_on(compare(&client, &host, &archive, &proofs)));
        match compared {
            Ok(()) => figures.set_compared(true),
            Err(error) => {
                figures.set_trouble(handle.now().utc, error.to_string());
                tracing::warn!(store = %options.name, "{error}; no rule retires what the store is to have");
            }
        }
    }
    runtime.shutdown_background();
    Ok(())
}

async fn compare(client: &Client, host: &HostName, archive: &str, proofs: &Proofs) -> StoreResult<()> {
    let index = HostIndex::read(client, host).await?;
    if let Some(index) = index.as_ref().filter(|index| index.archive != archive) {
        let (store, prefix) = (client.name().clone(), host.to_string());
        return Err(StoreError::OfAnotherArchive { store, prefix, theirs: index.archive.clone() });
    }
    proofs.compare(index.as_ref()).map(drop)
}
