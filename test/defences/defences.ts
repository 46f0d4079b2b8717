/**
 * Defences that `npm run test:defences` switches off one after the other in a copy of the tree: the named tests must then fail. At least one for each item of what counts
 * as a vulnerability in SECURITY.md.
 *
 * @module
 */

/** A defence, how it is switched off, and tests that must notice. */
export interface Defence {
  /** The heading of the item in SECURITY.md. */
  readonly item: string
  /** What is switched off. */
  readonly off: string
  readonly file: string
  /** Occurs once in the file. */
  readonly from: string
  readonly to: string
  /** Of the project `unit`. */
  readonly test: string
  /** Part of the title of a test that fails. */
  readonly title: string
}

export const DEFENCES: readonly Defence[] = [
  {
    item: 'Permits without authority',
    off: 'the end of a grant is not looked at',
    file: 'pdp/src/decide/chain.ts',
    from: 'if (body.expiresAt <= circumstances.now)',
    to: 'if (body.expiresAt <= 0)',
    test: 'pdp/src/decide/chain.test.ts',
    title: 'dead at the very millisecond it expires',
  },
  {
    item: 'Permits without authority',
    off: 'a child may live longer than its parent',
    file: 'pdp/src/decide/chain.ts',
    from: "if (child.expiresAt > parent.expiresAt) return 'expires_at'",
    to: '',
    test: 'pdp/src/decide/chain.test.ts',
    title: 'C3: widening names the first field that gives more',
  },
  {
    item: 'Failing open',
    off: 'a decision is answered before it is recorded',
    file: 'pdp/src/http/evaluation.ts',
    from: "const [id = ''] = await deps.record([entry])",
    to: "const id = ''; void Promise.resolve(deps.record([entry])).catch(() => undefined)",
    test: 'pdp/src/http/evaluation.test.ts',
    title: 'answers nothing before its entries are durable',
  },
  {
    item: 'Forged and misused tokens',
    off: 'ID, refresh and logout tokens count as access tokens',
    file: 'pep/src/token.ts',
    from: '      checkKind(provider, protectedHeader, payload)\n',
    to: '      void checkKind\n      void protectedHeader\n',
    test: 'pep/src/issuers.test.ts',
    title: 'by default a token is one of RFC 9068',
  },
  {
    item: 'Forged and misused tokens',
    off: 'the age of a token is not looked at',
    file: 'pep/src/token.ts',
    from: '    maxTokenAge: provider.maxTokenAgeSeconds,\n',
    to: '',
    test: 'pep/src/authenticate.test.ts',
    title: 'issued sixteen minutes ago',
  },
  {
    item: 'Impersonation',
    off: 'a person through any client counts as in person',
    file: 'pep/src/identify.ts',
    from: 'if (actor === undefined && interactiveClients.includes(azp))',
    to: 'if (actor === undefined)',
    test: 'pep/src/authenticate.test.ts',
    title: 'a person through another client',
  },
  {
    item: 'Administration without its role',
    off: 'a role needs no second factor',
    file: 'protocol/src/second-factor.ts',
    from: 'return said.some((one) => accepted.includes(one))',
    to: 'return said.length + accepted.length >= 0',
    test: 'auditor/src/server/roles.test.ts',
    title: 'a role by a password',
  },
  {
    item: 'Undetected changes of the log',
    off: 'signatures of checkpoints are not verified',
    file: 'protocol/src/note.ts',
    from: 'if (!(await signatureHolds(key.publicKey, signature.signature, utf8.encode(note.text))))',
    to: 'if (signature.signature.length === 0 && signatureHolds !== undefined)',
    test: 'protocol/src/note.test.ts',
    title: 'every changed character of a note is noticed',
  },
  {
    item: 'Information disclosure',
    off: 'a stranger is treated as a party',
    file: 'protocol/src/disclosure.ts',
    from: "return decision || isMember ? 'party' : 'stranger'",
    to: "return 'party'",
    test: 'protocol/src/disclosure.test.ts',
    title: 'to a stranger a thing of another’s and a thing that does not exist are the same',
  },
  {
    item: 'Misplaced personal data',
    off: 'the vault keeps what it should encrypt',
    file: 'pdp/src/store/encryption.ts',
    from: 'return Buffer.concat([id, nonce, cipher.getAuthTag(), ciphertext])\n  }\n\n  /** @throws Fault `internal` where none of the keys',
    to: 'return Buffer.concat([id, nonce, cipher.getAuthTag(), ciphertext, Buffer.from(text)])\n  }\n\n  /** @throws Fault `internal` where none of the keys',
    test: 'pdp/src/store/vault.test.ts',
    title: 'neither the sub nor the issuer is on disk',
  },
  {
    item: 'Leaked secrets',
    off: 'secrets in log lines are not replaced',
    file: 'service/src/redaction.ts',
    from: 'if (value !== undefined && (SECRET_MEMBERS.has(plain) ||',
    to: 'if (value !== undefined && (',
    test: 'service/src/redaction.test.ts',
    title: 'is not written',
  },
  {
    item: 'Unprotected connections',
    off: 'production listens in plain HTTP',
    file: 'service/src/transport-security.ts',
    from: 'if (isLoopback(host) || isBehindProxy || cert !== undefined) return []',
    to: 'if (host !== undefined) return []',
    test: 'service/src/transport-security.test.ts',
    title: 'a listener in plain HTTP',
  },
  {
    item: 'Denial of service',
    off: 'a batch that cannot be done in time is begun',
    file: 'pdp/src/http/pace.ts',
    from: 'if (decisions <= Math.max(1, fits)) return',
    to: 'if (fits >= 0) return',
    test: 'pdp/src/http/pace.test.ts',
    title: 'what cannot be done in the time that is left is refused',
  },
  {
    item: 'Ambiguous and malicious input',
    off: 'a member may stand twice in a body',
    file: 'pdp/src/http/json.ts',
    from: 'if (names?.has(name))',
    to: 'if (names === null)',
    test: 'pdp/src/http/json.test.ts',
    title: 'finds a member that stands twice',
  },
  {
    item: 'Server-side request forgery and path traversal',
    off: 'private addresses are called',
    file: 'pdp/src/runtime/outgoing.ts',
    from: "return notPublic.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')",
    to: 'return address === undefined',
    test: 'pdp/src/runtime/outgoing.test.ts',
    title: 'is refused unless it is listed',
  },
  {
    item: 'Server-side request forgery and path traversal',
    off: 'the page behind a sign-in may be of another site',
    file: 'auditor/src/server/redirect-path.ts',
    from: 'return isOwn && path.length <= MAX_LENGTH ? path : home',
    to: 'return isOwn === undefined ? home : String(to)',
    test: 'auditor/src/server/sessions.test.ts',
    title: 'after signing in',
  },
  {
    item: 'Sessions in browsers',
    off: 'a stranger may have any number of sessions',
    file: 'auditor/src/server/sessions.ts',
    from: 'own.length + 1 - MAX_PER_PERSON',
    to: '0',
    test: 'auditor/src/server/sessions.test.ts',
    title: 'sign-ins of a stranger, however many, end nobody else’s session',
  },
  {
    item: 'The desktop app',
    off: 'the core answers any window and frame',
    file: 'desktop/src/shell/ipc.ts',
    from: 'return isOurWindow(event, contents()) ? await',
    to: 'return isOurWindow !== undefined ? await',
    test: 'desktop/src/shell/ipc.test.ts',
    title: 'never reaches the core',
  },
  {
    item: 'Agents and tools',
    off: 'a tool runs without a permit',
    file: 'mcp/src/call-tool.ts',
    from: 'if (!one.permitted) return refused(one, call, Array.isArray(named))',
    to: 'if (!one.permitted) continue',
    test: 'mcp/src/tool-server.test.ts',
    title: 'a denied call is a failed result with reason, text and cure',
  },
  {
    item: 'Several PDPs',
    off: 'memory is kept although its position in the invalidation log is gone',
    file: 'pdp/src/memory/barrier.ts',
    from: 'else await this.#restart()',
    to: 'else if (this.#position === undefined) await this.#restart()',
    test: 'pdp/src/memory/barrier.test.ts',
    title: 'drops all memory when its position is no longer in the log',
  },
  {
    item: 'Containers',
    off: 'containers keep their capabilities',
    file: 'docker-compose.yml',
    from: 'cap_drop: [ALL]',
    to: 'cap_drop: []',
    test: 'test/unit/compose.test.ts',
    title: 'is not root, writes no root file system',
  },
  {
    item: 'Backups',
    off: 'the signature of a backup is not verified',
    file: 'deploy/backup-lib.sh',
    from: 'openssl dgst -sha256 -verify "$keys/sign.pub" -signature "$1/MANIFEST.sig" "$1/MANIFEST" > /dev/null 2>&1 ||',
    to: 'true ||',
    test: 'test/unit/backup-scripts.test.ts',
    title: 'whoever has the storage and the certificates, but not sign.key, can replace nothing',
  },
  {
    item: 'Supply chain',
    off: 'any version of a package may be asked for',
    file: 'test/check/pins.ts',
    from: '(EXACT_VERSION.test(version) || LOCAL.test(version))',
    to: '(EXACT_VERSION.test(version) || LOCAL.test(version) || version !== undefined)',
    test: 'test/unit/check-dependencies.test.ts',
    title: 'that can be another one, or run something, is named',
  },
]

/** The table of docs/proof.md. */
export function tableOf(defences: readonly Defence[]): string {
  const rows = defences.map(({ item, off, test, title }) => `| ${item} | ${off} | \`${test}\`: *${title}* |`)
  return ['| item of SECURITY.md | switched off | test that fails |', '| --- | --- | --- |', ...rows].join('\n')
}
