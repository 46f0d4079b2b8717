/**
 * The parameters of a route, from its path as it is written.
 *
 * @module
 */

/** Characters that end a parameter's name in Express's paths. */
type End = '/' | '-' | '.' | ':' | '~' | '+' | ',' | '$'
/** What makes a parameter optional or gives it a form: such a path has no typed parameters. */
type Special = '{' | '(' | '?' | '[' | '"'

type NameOf<Text extends string> = Text extends `${string}${End}${string}`
  ? Text extends `${infer First}${infer Rest}`
    ? First extends End
      ? ''
      : `${First}${NameOf<Rest>}`
    : ''
  : Text

type NamesOf<Path extends string> = Path extends `${string}:${infer Rest}` ? NameOf<Rest> | NamesOf<Rest> : never
type WildcardsOf<Path extends string> = Path extends `${string}*${infer Rest}`
  ? NameOf<Rest> | WildcardsOf<Rest>
  : never

/**
 * `req.params` of a path such as `/notes/:id/pages/:page` or `/files/*path`. A path with optional parts, or one that is not known when it is
 * compiled, has values of any kind.
 */
export type PathParams<Path extends string> = string extends Path
  ? Record<string, string | string[]>
  : Path extends `${string}${Special}${string}`
    ? Record<string, string | string[]>
    : { [Name in NamesOf<Path>]: string } & { [Name in WildcardsOf<Path>]: string[] }
