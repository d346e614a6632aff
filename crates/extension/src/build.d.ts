/** Set by `build.mjs`: Firefox has no proxy for WebAuthn, so there the page's calls are wrapped wholly. */
declare const FOR_FIREFOX: boolean;
/** Set by `build.mjs`, from `package.json`. */
declare const VERSION: string;
