//! What this server's authenticators answer to authenticatorGetInfo, for their metadata (FIDO MDS §3.12).

use keyfold_assurance::evidence::{Class, issue::aaguid_of_get_info};
use serde_json::{Value, json};

pub(super) fn get_info(class: Class) -> Value {
    json!({
        "versions": ["FIDO_2_0", "FIDO_2_1"],
        "extensions": ["credProtect", "credBlob", "hmac-secret", "largeBlobKey", "minPinLength"],
        "aaguid": aaguid_of_get_info(class.aaguid()),
        "options": {"rk": true, "up": true, "plat": true},
        "maxMsgSize": 7_609,
        "algorithms": [
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -8},
            {"type": "public-key", "alg": -35},
        ],
    })
}
