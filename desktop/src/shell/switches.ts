/**
 * Allow-list of command-line switches for a packaged app. Chromium and Electron have about two thousand; some run commands (`renderer-cmd-prefix`),
 * redirect traffic (`proxy-server`, `host-resolver-rules`), control the page (`remote-debugging-port`) or disable protections (`no-sandbox`). Fuses do not
 * cover them. Pure.
 *
 * @module
 */
import { environmentObjection } from '@mandate/protocol'

/** Switches for display, accessibility, input and keystore. */
const ALLOWED: ReadonlySet<string> = new Set([
  'lang',
  'force-device-scale-factor',
  'force-high-contrast',
  'force-prefers-reduced-motion',
  'force-renderer-accessibility',
  'disable-gpu',
  'disable-smooth-scrolling',
  'ozone-platform',
  'ozone-platform-hint',
  'enable-wayland-ime',
  'wayland-text-input-version',
  'gtk-version',
  // Selects the keystore; keystore.ts refuses unsafe ones.
  'password-store',
])

/** Variables that turn on logs of content, traffic or TLS keys. */
const LOGGING = ['ELECTRON_ENABLE_LOGGING', 'ELECTRON_LOG_FILE', 'NODE_DEBUG', 'SSLKEYLOGFILE'] as const

/** How the app's process was started: arguments and environment, as given by whoever started it and not trusted. */
export interface StartedWith {
  readonly platform: NodeJS.Platform
  /** With the program first, as `process.argv`. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Reasons not to start, each naming a switch or variable; empty: none. */
export function startObjections({ platform, args, env }: StartedWith): readonly string[] {
  const switches = switchesIn(args.slice(1), platform).filter((name) => !ALLOWED.has(name))
  const environment = environmentObjection(env)
  return [
    ...new Set(switches.map((name) => `--${name}: Mandate does not start with this switch.`)),
    ...LOGGING.filter((name) => env[name]).map((name) => `${name}: Mandate does not start where this variable is set.`),
    ...(environment === undefined ? [] : [environment]),
  ]
}

/**
 * Names of the switches as Chromium parses them (`base/command_line.cc`): after `--` or `-`, on Windows also `/` and case-insensitive, up to `=`.
 * Stricter than Chromium: also parses arguments after a bare `--`.
 */
function switchesIn(args: readonly string[], platform: NodeJS.Platform): readonly string[] {
  const prefix = platform === 'win32' ? /^\s*(?:--|-|\/)(?=[^-/\s])/u : /^\s*--?(?=[^-\s])/u
  return args.flatMap((arg) => {
    if (!prefix.test(arg)) return []
    const [name = ''] = arg.replace(prefix, '').split('=', 1)
    return [name.trim().toLowerCase()]
  })
}
