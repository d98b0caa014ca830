// SPDX-License-Identifier: Apache-2.0
//! A bundle from somebody else: one that is read can be judged, and written and read again it is the same.

use magnum_bundle::Bundle;

/// An archive's bytes.
pub fn check(data: &[u8]) {
    let Ok(bundle) = Bundle::unpack(data) else { return };
    let report = bundle.replay(&bundle.manifest.selection());
    let _ = magnum_rules::render::text(&report);
    let _ = bundle.agrees();
    let packed = bundle.pack();
    assert!(packed.is_ok(), "{packed:?}");
    let again = packed.and_then(|bytes| Bundle::unpack(&bytes));
    assert!(again.as_ref().is_ok_and(|again| *again == bundle), "{:?} became {:?}", bundle.manifest, again.map(|again| again.manifest));
}
