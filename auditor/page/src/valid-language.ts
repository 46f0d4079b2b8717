/**
 * Replaces a browser language that `Intl` refuses, such as `en-US@posix` of Chromium with `LANG=C`: uPlot makes a number format of it when it is
 * imported, and the page would stay empty. To be imported before uPlot.
 *
 * @module
 */

function isAccepted(language: string): boolean {
  try {
    return Intl.getCanonicalLocales(language).length === 1
  } catch {
    return false
  }
}

if (!isAccepted(navigator.language)) Object.defineProperty(navigator, 'language', { value: 'en', configurable: true })
