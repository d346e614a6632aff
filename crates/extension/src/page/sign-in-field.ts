/** When a person turns to a field that the page has marked for passkeys (`autocomplete="username webauthn"`). */

/** Calls back each time, until the function that it gives is called. */
export function watchSignInFields(turnedTo: () => void): () => void {
  let last: EventTarget | undefined;
  const watch = (event: Event): void => {
    const field = event.composedPath()[0];
    const again = field === last;
    if (event.type === 'focusin') last = field;
    // A window that is activated focuses again what had the focus, as when the approval window was closed.
    if (event.type === 'focusin' && again) return;
    // `focus()` in a script gives trusted events too, so that a person's touch must have come just before.
    if (event.isTrusted && navigator.userActivation.isActive && isSignInField(field)) turnedTo();
  };
  window.addEventListener('focusin', watch, true);
  window.addEventListener('click', watch, true);
  return () => {
    window.removeEventListener('focusin', watch, true);
    window.removeEventListener('click', watch, true);
  };
}

function isSignInField(target: EventTarget | undefined): boolean {
  if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) return false;
  return (target.getAttribute('autocomplete') ?? '').toLowerCase().split(/\s+/).includes('webauthn');
}
