/**
 * Detects options that npm took for itself: `npm start --once` lacks the `--` before the options, so npm keeps `--once` as a setting of its own, and the
 * script would run without it. npm passes such a setting on in the environment, as `npm_config_once=true`.
 *
 * @module
 */

/**
 * Says how to write the command when npm took one of its options; `undefined` when npm took none. An option that needs a value is taken as `true`, and its
 * value becomes an argument of the script.
 *
 * @param environment - Of the process that npm started.
 * @param names - Names of the command's options, without `--`.
 * @param usage - How npm runs the command: `npm start`.
 */
export function npmOptionObjection(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
  usage: string,
): string | undefined {
  const taken = names.find((name) => environment[`npm_config_${name.replaceAll('-', '_')}`] === 'true')
  if (taken === undefined) return undefined
  return `npm took --${taken} for itself: write -- before the options, as in: ${usage} -- --${taken}`
}
