/**
 * What a browser is shown while the page is built, and when that failed. Pure.
 *
 * @module
 */

/** Path of the script that reloads the page, below the page's own. */
export const RELOAD_SCRIPT = '/waiting.js'

/** The script. A reload keeps the fragment, in which a shared pack is. */
export const RELOAD = 'setTimeout(() => location.reload(), 1500)\n'

/** The page while it is built. @param base - URL path of the page. */
export function waitingPage(base: string): string {
  return document(
    'Building the playground',
    'The page is built when it is opened for the first time. If what builds it is not installed yet, this takes a minute. The page opens by itself.',
    `<script src="${base}${RELOAD_SCRIPT}"></script>`,
  )
}

/** The page after a failed build. */
export function failedPage(message: string): string {
  return document('The playground could not be built', `${message} Reload to try again.`, '')
}

function document(title: string, text: string, more: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · Mandate</title>
  </head>
  <body>
    <main><h1>${title}</h1><p role="status">${escaped(text)}</p></main>
    ${more}
  </body>
</html>
`
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
