/**
 * Unpacks tar and zip archives with the programs of the machine: Node has no reader of either.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { MissingToolError } from './errors.ts'
import { answers, runCommand } from './run-command.ts'

/** Keeps the executable bits of zip entries, which Python's own command drops. */
const PYTHON = `
import os, sys, tarfile, zipfile
archive, folder = sys.argv[1:]
if zipfile.is_zipfile(archive):
    with zipfile.ZipFile(archive) as source:
        for entry in source.infolist():
            path = source.extract(entry, folder)
            if not entry.is_dir() and entry.external_attr >> 16 & 0o111:
                os.chmod(path, 0o755)
else:
    with tarfile.open(archive) as source:
        source.extractall(folder)
`

/**
 * Unpacks an archive whose checksum was verified: names of entries are not checked here.
 *
 * @param archive - `.tar`, `.tgz`, `.zip` or `.whl`.
 * @param folder - Is created.
 * @throws MissingToolError without a program that reads the format.
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const isZip = /\.(?:zip|whl)$/u.test(archive)
  const [program, args] = isZip
    ? (['unzip', ['-qo', archive, '-d', folder]] as const)
    : (['tar', ['-xf', archive, '-C', folder]] as const)
  if (await answers(program, isZip ? '-v' : '--version', env)) {
    await runCommand(program, args, { env })
    return
  }
  if (await answers('python3', '--version', env)) {
    await runCommand('python3', ['-c', PYTHON, archive, folder], { env })
    return
  }
  throw new MissingToolError(`No program to unpack ${archive} was found: install ${program} or python3`, {
    tool: program,
  })
}
