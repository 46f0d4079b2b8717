/**
 * Commands and files of a Markdown page, as fenced blocks: `sh` for the reader's terminal, `sh terminal=NAME` for another one, `js file=NAME` for a file.
 *
 * @module
 */

/** One block, in the order of the page. */
export interface Block {
  readonly language: string
  /** Terminal that runs it, other than the first. */
  readonly terminal: string | undefined
  /** File that holds it. */
  readonly file: string | undefined
  readonly text: string
}

const FENCE = /^```(?<language>\w+)(?<attributes>[^\n]*)\n(?<text>.*?)^```$/gmsu

/** Reads the blocks of a page. */
export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(FENCE)].map(({ groups = {} }) => {
    const { language = '', attributes = '', text = '' } = groups
    const attribute = (name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`, 'u').exec(attributes)?.[1]
    return { language, terminal: attribute('terminal'), file: attribute('file'), text }
  })
}
