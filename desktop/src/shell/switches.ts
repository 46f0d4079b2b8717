/**
 * Switches of Chromium's that take a window's protection away. Fuses do not reach them, so a packaged app does not start with one: whoever starts it so wants
 * to steer it, or to listen. Pure.
 *
 * @module
 */

const UNWELCOME = [
  // Steer the page from outside.
  'remote-debugging-port',
  'remote-debugging-pipe',
  'load-extension',
  'js-flags',
  // Take walls away.
  'no-sandbox',
  'disable-gpu-sandbox',
  'disable-web-security',
  'disable-site-isolation-trials',
  'allow-running-insecure-content',
  'unsafely-treat-insecure-origin-as-secure',
  'ignore-certificate-errors',
  // Write down what is shown and sent.
  'enable-logging',
  'log-net-log',
  'trace-startup',
] as const

/** Those that the app was started with. */
export function unwelcomeSwitches(hasSwitch: (name: string) => boolean): readonly string[] {
  return UNWELCOME.filter(hasSwitch)
}
