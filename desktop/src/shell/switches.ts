/**
 * What a packaged app is started with. Chromium and Electron have some two thousand switches; among them are those that run a command for each
 * process (`renderer-cmd-prefix`), lead traffic elsewhere (`proxy-server`, `host-resolver-rules`), steer the page (`remote-debugging-port`) or take
 * walls away (`no-sandbox`). Fuses do not reach them, so an app starts with those alone that are known to do no harm. Pure.
 *
 * @module
 */
import { environmentObjection } from '@mandate/protocol'

/** How the window looks, sounds and is typed into. */
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
  // Which of the system's keystores; one that others can read is refused by itself (keystore.ts).
  'password-store',
])

/** Variables that write down what is shown and sent, or what the processes do with it. */
const LOGGING = ['ELECTRON_ENABLE_LOGGING', 'ELECTRON_LOG_FILE', 'NODE_DEBUG', 'SSLKEYLOGFILE'] as const

export interface StartedWith {
  readonly platform: NodeJS.Platform
  /** With the program first, as `process.argv`. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Why an app that was started so does not start; empty when it may. Each names the switch or variable. */
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
 * Names of the switches, as Chromium finds them (`base/command_line.cc`): behind `--` or `-`, on Windows behind `/` too and in any case, up to `=`,
 * none behind a bare `--`. More than Chromium's are found, never fewer: also what stands behind the bare `--`.
 */
function switchesIn(args: readonly string[], platform: NodeJS.Platform): readonly string[] {
  const prefix = platform === 'win32' ? /^\s*(?:--|-|\/)(?=[^-/\s])/u : /^\s*--?(?=[^-\s])/u
  return args.flatMap((arg) => {
    if (!prefix.test(arg)) return []
    const [name = ''] = arg.replace(prefix, '').split('=', 1)
    return [name.trim().toLowerCase()]
  })
}
