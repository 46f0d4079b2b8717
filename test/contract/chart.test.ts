/**
 * The Helm chart, rendered by Helm, held against Kubernetes' schemas and against the code: names, ports, paths and secrets must be those that are there.
 */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig as readAuditorConfig } from '@mandate/auditor/server'
import { parseConfig } from '@mandate/pdp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { STORE_HELP } from '../../pdp/src/cli/store-command.ts'
import { OPERATIONS } from '../../pdp/src/http/openapi/operations.ts'
import { readSources } from '../../pdp/src/policy/pack.ts'
import {
  CHART,
  helmRefusal,
  type Json,
  type Manifest,
  only,
  RELEASE,
  readManifests,
  renderChart,
  runHelm,
} from '../support/chart.ts'
import { ROOT, read, readComposeFile } from '../support/compose-file.ts'
import { argumentsOf, stagesOf } from '../support/dockerfile.ts'
import { copyKubernetesSchemas, findHelm, findKubeconform } from '../support/kubernetes-tools.ts'
import { valuesTable } from '../support/values-table.ts'

const FILES = ['minimal', 'production', 'full'] as const
/** The oldest Kubernetes that the chart supports, and the newest that there are schemas of. */
const KUBERNETES = ['1.27', '1.37'] as const
const OWN_SCHEMAS = join(ROOT, 'test/fixtures/chart-schemas')
const SCHEMA_FILE = '{{.ResourceKind}}{{.KindSuffix}}.json'
const TOOLS_MS = 300_000

const folder = mkdtempSync(join(tmpdir(), 'mandate-chart-'))
const texts = new Map<string, string>()
let helm = ''
let kubeconform = ''
beforeAll(async () => {
  ;[helm, kubeconform] = await Promise.all([findHelm(), findKubeconform()])
  for (const version of KUBERNETES) await copyKubernetesSchemas(version, join(folder, version))
  for (const file of FILES) texts.set(file, runHelm(helm, 'template', { file }))
}, TOOLS_MS)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const rendered = (file: string): readonly Manifest[] => readManifests(texts.get(file) ?? '')
const pdpOf = (file: string): Manifest =>
  rendered(file).find(({ kind }) => kind === 'StatefulSet') ?? expect.unreachable()
const component = (manifest: Manifest): string | undefined => manifest.metadata.labels?.['app.kubernetes.io/component']

/** The pod of a resource that has one. */
const podOf = ({ kind, spec }: Manifest): Json =>
  kind === 'Pod' ? spec : ['StatefulSet', 'Deployment', 'Job'].includes(kind) ? spec.template.spec : undefined

/** Checks manifests with kubeconform. @throws Error with what it objects to. */
function validate(text: string, version: string): void {
  const locations = [join(folder, version), OWN_SCHEMAS].flatMap((from) => [
    '-schema-location',
    join(from, SCHEMA_FILE),
  ])
  execFileSync(kubeconform, ['-strict', ...locations, '-'], { input: text, encoding: 'utf8', stdio: 'pipe' })
}

describe.for(FILES)('with the values of %s', (file) => {
  test('Helm has nothing to object to', () => {
    expect(runHelm(helm, 'lint', { file })).toContain('1 chart(s) linted, 0 chart(s) failed')
  })

  test('no pod is root, writes its root file system, gains a capability, or gets a token or variables of the cluster', () => {
    const pods = rendered(file).flatMap((one) => podOf(one) ?? [])
    expect(pods.length).toBeGreaterThanOrEqual(3)
    for (const pod of pods) {
      expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      for (const { securityContext, resources, image } of pod.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          privileged: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(Object.keys(resources.limits)).toEqual(expect.arrayContaining(['cpu', 'memory']))
        expect(image).toMatch(/:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/u)
      }
    }
  })

  test('every mount has its volume, and secrets can only be read', () => {
    for (const manifest of rendered(file)) {
      const pod = podOf(manifest)
      if (!pod) continue
      const claims = manifest.spec.volumeClaimTemplates?.map((claim: Manifest) => claim.metadata.name) ?? []
      const volumes = [...(pod.volumes ?? []).map(({ name }: { name: string }) => name), ...claims]
      for (const { volumeMounts = [] } of pod.containers)
        for (const { name, mountPath, readOnly = false } of volumeMounts) {
          expect(volumes).toContain(name)
          expect(readOnly, mountPath).toBe(!['/data', '/tmp', '/more'].includes(mountPath))
        }
    }
  })

  test('the PDP takes its environment: every name known, everything there, nothing insecure', () => {
    const origins = ['mandate-pdp-0', 'mandate-pdp-1'].map((pod) => {
      const { config, warnings } = parseConfig(pdpEnvironment(pdpOf(file), pod), (path) => readFileSync(path, 'utf8'))
      expect(warnings).toEqual([])
      expect(config).toMatchObject({ NODE_ENV: 'production', PDP_HOST: '0.0.0.0', PDP_DATA_DIR: '/data/pdp' })
      expect(config.PDP_STORE_URL).toContain('postgres://')
      return config.PDP_LOG_ORIGIN
    })
    expect(origins).toEqual(['pdp.example.com/prod/mandate-pdp-0', 'pdp.example.com/prod/mandate-pdp-1'])
  })

  test('every secret that is mounted is read, and every one that is read is mounted', () => {
    for (const manifest of rendered(file)) {
      const pod = podOf(manifest)
      for (const { env = [] } of pod?.containers ?? []) {
        const files = env.flatMap(
          ({ value = '' }) => /^\/run\/secrets\/mandate\/(?<name>.+)$/u.exec(value)?.groups?.['name'] ?? [],
        )
        expect(files.toSorted()).toEqual(secretFiles(pod).toSorted())
      }
    }
  })

  test('is asked whether it is ready and alive where it answers that, on its port', () => {
    const [container] = podOf(pdpOf(file)).containers
    const env = environmentOf(container)
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(env['PDP_PORT']) }])
    const paths = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe].httpGet)
    const isTls = env['PDP_TLS_CERT_FILE'] !== undefined
    for (const get of paths) expect(get).toMatchObject({ port: 'http', scheme: isTls ? 'HTTPS' : 'HTTP' })
    const at = (id: string): string => OPERATIONS.find((one) => one.id === id)?.path ?? expect.unreachable()
    expect(paths.map(({ path }) => path)).toEqual([at('ready'), at('ready'), at('live')])
  })

  test('has time to drain, to finish and to publish a checkpoint before it is killed', () => {
    const pod = podOf(pdpOf(file))
    const drain = Number(environmentOf(pod.containers[0])['PDP_DRAIN_SECONDS'])
    expect(drain).toBeGreaterThan(0)
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drain + 11)
  })

  test('keeps the volume of a decision log whatever is scaled down or deleted, and no autoscaler takes a PDP away', () => {
    const { spec } = pdpOf(file)
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' })
    expect(spec.volumeClaimTemplates[0].spec.accessModes).toEqual(['ReadWriteOncePod'])
    for (const { spec: scaling } of rendered(file).filter(({ kind }) => kind === 'HorizontalPodAutoscaler'))
      expect(scaling.behavior.scaleDown).toEqual({ selectPolicy: 'Disabled' })
  })

  test('a changed Secret reaches the running process: its files follow it, and nothing restarts the pod', () => {
    for (const manifest of rendered(file)) {
      const pod = podOf(manifest)
      if (!pod) continue
      const ofSecrets = (pod.volumes ?? []).filter(({ projected, secret }: Json) => projected ?? secret)
      const names = ofSecrets.map(({ name }: Json) => name)
      for (const mount of pod.containers.flatMap(({ volumeMounts = [] }: Json) => volumeMounts))
        if (names.includes(mount.name)) expect(mount).not.toHaveProperty('subPath')
      expect(JSON.stringify(manifest.spec.template?.metadata?.annotations ?? {})).not.toMatch(/checksum/u)
    }
  })

  test('makes no secret', () => {
    expect(rendered(file).map(({ kind }) => kind)).not.toContain('Secret')
  })
})

const environmentOf = ({ env }: Json): Record<string, string> =>
  Object.fromEntries(
    env.flatMap(({ name, value }: { name: string; value?: string }) => (value === undefined ? [] : [[name, value]])),
  )

const secretFiles = (pod: Json): readonly string[] =>
  (pod.volumes ?? []).flatMap(({ projected }: Json) =>
    (projected?.sources ?? []).flatMap(({ secret }: Json) => secret.items.map((item: Json) => item.path)),
  )

const SECRETS: Readonly<Record<string, string>> = {
  'store-url': 'postgres://pdp:p@postgres.data.svc:5432/pdp?sslmode=verify-full',
  'index-url': 'postgres://pdp:p@postgres.data.svc:5432/pdp_index?sslmode=verify-full',
  'vault-key': 'ab'.repeat(32),
  'vault-old-keys': 'cd'.repeat(32),
  'openfga-api-token': 'k'.repeat(43),
  'otlp-headers': 'authorization=Bearer%20key',
  'client-secret': 'a'.repeat(43),
  'console-client-secret': 'b'.repeat(43),
  'tls.crt': 'certificate',
  'tls.key': 'key',
  'ca.crt': 'authority',
}

/** The environment of a container, with the files of its secrets where the test has them. */
function withSecretFiles(env: Record<string, string>): Record<string, string> {
  const secrets = join(folder, 'secrets')
  mkdirSync(secrets, { recursive: true })
  for (const [name, text] of Object.entries(SECRETS)) writeFileSync(join(secrets, name), text)
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value.replace(/^\/run\/secrets\/(mandate|tls)\//u, `${secrets}/`),
    ]),
  )
}

/** The environment of the PDP in a pod, with `$(MANDATE_POD_NAME)` replaced as the kubelet does. */
function pdpEnvironment(manifest: Manifest, pod: string): Record<string, string> {
  const [container] = podOf(manifest).containers
  const named = container.env.find(({ name }: { name: string }) => name === 'MANDATE_POD_NAME')
  expect(named).toEqual(container.env[0])
  expect(named.valueFrom).toEqual({ fieldRef: { fieldPath: 'metadata.name' } })
  const env = withSecretFiles(environmentOf(container))
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replace('$(MANDATE_POD_NAME)', pod)]),
  )
}

describe('the schemas', () => {
  test.for(KUBERNETES)('of Kubernetes %s know every field', (version) => {
    validate([...texts.values()].join('\n---\n'), version)
  })

  test('find a field that does not exist, and one of a wrong type', () => {
    const wrong = (texts.get('minimal') ?? '')
      .replace('minReadySeconds:', 'minReadySecond:')
      .replace('maxUnavailable: 1', 'maxUnavailable: [1]')
    expect(() => validate(wrong, '1.37')).toThrow(/Command failed/u)
  })

  test('of the values are strict in every object, and know every value', () => {
    const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'))
    const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'))
    expect(differences(schema, values, '')).toEqual(['global is not in values.yaml'])
  })
})

/** Objects that take any member, by how the schema says so; and names that only the schema or only the values have. */
function differences(schema: Json, values: Json, path: string): readonly string[] {
  if (schema.properties === undefined) return []
  if (schema.additionalProperties !== false) return [`${path} takes any name`]
  const optional = /(resources|image|issuerRef|Probe)$/u.test(path)
  const names = new Set([...Object.keys(schema.properties), ...Object.keys(values)])
  return [...names].flatMap((name) => {
    const at = path === '' ? name : `${path}.${name}`
    if (!(name in schema.properties)) return [`${at} is not in the schema`]
    if (!(name in values)) return optional ? [] : [`${at} is not in values.yaml`]
    return differences(schema.properties[name], values[name], at)
  })
}

describe('values that cannot work are all named at once:', () => {
  test('those that are missing', () => {
    const refusal = helmRefusal(helm, {})
    const names = ['image.repository', 'secrets.existingSecret', 'config.issuer', 'config.logOrigin', 'openfga.url']
    for (const name of [...names, 'tls.existingSecret or tls.certManager.enabled'])
      expect(refusal).toContain(`- ${name}`)
  })

  test('those that contradict each other', () => {
    const more = {
      config: { trustProxy: 0, extra: { PDP_PORT: '1', PDP_VAULT_KEY: 'x' } },
      ingress: { enabled: true },
      auditor: { enabled: true, ingress: { enabled: true } },
      autoscaling: { enabled: true, maxReplicas: 2 },
    }
    const refusal = helmRefusal(helm, { file: 'minimal', more })
    const auditor = ['image.repository', 'publicUrl', 'existingSecret', 'ingress.host'].map((name) => `auditor.${name}`)
    const extra = ['config.extra.PDP_PORT', 'config.extra.PDP_VAULT_KEY']
    for (const name of ['config.trustProxy: 1', 'ingress.host', 'autoscaling.maxReplicas', ...auditor, ...extra])
      expect(refusal).toContain(name)
    const certManager = { tls: { certManager: { enabled: true } } }
    expect(helmRefusal(helm, { file: 'minimal', more: certManager })).toContain('tls.certManager.issuerRef.name')
  })

  test('those that no setting could hold', () => {
    const more = { config: { isuer: 'x', logOrigin: 'https://x', workers: 0 }, replicas: 0 }
    const refusal = helmRefusal(helm, { file: 'minimal', more })
    for (const name of ['isuer', 'logOrigin', 'workers', 'replicas']) expect(refusal).toContain(name)
  })
})

describe('held against the images', () => {
  const compose = readComposeFile()

  test('containers listen where those of compose do, and start files that are in the image', () => {
    const args = (name: string) => compose.services[name]?.build?.args ?? {}
    expect(podOf(pdpOf('full')).containers[0].ports[0].containerPort).toBe(Number(args('pdp-1')['PORT']))
    const auditor = podOf(only(rendered('full'), 'Deployment')).containers[0]
    expect(auditor.ports[0].containerPort).toBe(Number(args('auditor')['PORT']))
    expect(auditor.args).toEqual(compose.services['auditor']?.command)
    const migration = podOf(only(rendered('full'), 'Job')).containers[0]
    expect(existsSync(join(ROOT, 'pdp', migration.args[0]))).toBe(true)
    expect(STORE_HELP).toContain(`  ${migration.args[1]} `)
  })

  test('the user is the one of the images', () => {
    const users = stagesOf(read('deploy/Dockerfile')).flatMap((stage) => argumentsOf(stage, 'USER'))
    const { runAsUser, runAsGroup, fsGroup } = podOf(pdpOf('minimal')).securityContext
    expect(new Set(users)).toEqual(new Set([`${runAsUser}:${runAsGroup}`]))
    expect(fsGroup).toBe(runAsUser)
  })

  test('the chart has the version of the repository', () => {
    const { version } = JSON.parse(read('package.json'))
    expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version })
  })

  test('the auditor takes its environment, with and without TLS', () => {
    const more = { tls: { existingSecret: '' } }
    for (const manifests of [rendered('full'), renderChart(helm, { file: 'full', more })]) {
      const [container] = podOf(only(manifests, 'Deployment')).containers
      const config = readAuditorConfig(withSecretFiles(environmentOf(container)))
      expect(config).toMatchObject({ host: '0.0.0.0', port: 4004, publicUrl: 'https://auditor.example.com' })
      expect(config.console?.clientSecret).toBe(SECRETS['console-client-secret'])
      const scheme = config.clientTls ? 'https' : 'http'
      const urls = [0, 1, 2].map((n) => `${scheme}://authz-pdp-${n}.authz-pdp-pods.authz.svc:8181`)
      expect(config.pdpUrls).toEqual(urls)
    }
    for (const path of ['/livez', '/readyz']) expect(read('service/src/prepare-app.ts')).toContain(`app.get('${path}'`)
  })

  test('the key of further vault keys may be named all the time: its file is empty while no key is rotated', () => {
    const env = pdpEnvironment(pdpOf('full'), 'mandate-pdp-0')
    const further = env['PDP_VAULT_OLD_KEYS_FILE'] ?? expect.unreachable()
    const parsed = () => parseConfig(env, (path) => readFileSync(path, 'utf8')).config.PDP_VAULT_OLD_KEYS
    expect(parsed()).toEqual([SECRETS['vault-old-keys']])
    writeFileSync(further, '')
    expect(parsed()).toEqual([])
  })

  test('variables that Kubernetes makes of a Service called openfga or pdp would keep the PDP from starting', () => {
    const env = pdpEnvironment(pdpOf('minimal'), 'mandate-pdp-0')
    const links = { OPENFGA_SERVICE_HOST: '10.0.0.1', OPENFGA_PORT_8080_TCP: 'tcp://10.0.0.1:8080' }
    expect(() => parseConfig({ ...env, ...links }, (path) => readFileSync(path, 'utf8'))).toThrow(
      /OPENFGA_SERVICE_HOST/u,
    )
  })

  test('a pack is read as the kubelet mounts a ConfigMap, by links', async () => {
    const pack = join(folder, 'packs', 'travel')
    cpSync(join(ROOT, 'pdp/policies/travel'), join(pack, '..data-1'), { recursive: true })
    symlinkSync('..data-1', join(pack, '..data'))
    for (const name of readdirSync(join(pack, '..data-1'))) symlinkSync(join('..data', name), join(pack, name))
    const env = environmentOf(podOf(pdpOf('full')).containers[0])
    expect(env['PDP_PACKS']).toBe('/packs/travel')
    const policies = join(ROOT, 'pdp/policies')
    const plain = await readSources(policies, [join(policies, 'travel')])
    expect(await readSources(policies, [pack])).toEqual(plain)
  })
})

describe('held against the networks of compose', () => {
  /** Who may call whom at which port, by the policies of a rendered chart: `pdp → 5432`, `auditor → pdp:8181`. */
  function flowsOf(file: string): ReadonlySet<string> {
    const policies = rendered(file).filter(({ kind }) => kind === 'NetworkPolicy')
    const nameOf = ({ podSelector, namespaceSelector, ipBlock }: Json): string =>
      podSelector?.matchLabels['app.kubernetes.io/component'] ??
      namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ??
      (ipBlock ? ipBlock.cidr : Object.keys(podSelector?.matchLabels ?? {}).join())
    const flows = policies.flatMap(({ spec }) => {
      const own = spec.podSelector.matchLabels['app.kubernetes.io/component'] as string | undefined
      const egress = (spec.egress ?? []).flatMap(({ to, ports }: Json) =>
        ports.flatMap(({ port }: Json) =>
          (to ?? [undefined]).map((peer: Json) => `${own} → ${peer ? nameOf(peer) : '*'}:${port}`),
        ),
      )
      const ingress = (spec.ingress ?? []).flatMap(({ from, ports }: Json) =>
        ports.flatMap(({ port }: Json) => from.map((peer: Json) => `${nameOf(peer)} → ${own}:${port}`)),
      )
      return [...egress, ...ingress]
    })
    return new Set(flows)
  }

  test('nothing is allowed that no policy names', () => {
    const deny = only(rendered('full'), 'NetworkPolicy', 'authz-deny').spec
    expect(deny).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'mandate', 'app.kubernetes.io/instance': RELEASE.name } },
      policyTypes: ['Ingress', 'Egress'],
    })
    for (const manifest of rendered('full')) {
      const labels =
        manifest.spec?.template?.metadata.labels ?? (manifest.kind === 'Pod' ? manifest.metadata.labels : undefined)
      if (labels) expect(labels).toMatchObject(deny.podSelector.matchLabels)
    }
  })

  test('the PDPs reach PostgreSQL, OpenFGA and the issuer, and are reached by clients, Prometheus and Keycloak', () => {
    expect(flowsOf('production')).toEqual(
      new Set([
        'pdp → kube-system:53',
        'pdp → 10.20.0.0/24:5432',
        'pdp → openfga:8080',
        'pdp → 10.30.0.10/32:443',
        'mandate-pdp-client → pdp:8181',
        'keycloak → pdp:8181',
        'monitoring → pdp:8181',
        'migration → kube-system:53',
        'migration → 10.20.0.0/24:5432',
        'test → kube-system:53',
        'test → pdp:8181',
      ]),
    )
    const { networks } = readComposeFile().services['pdp-1'] ?? expect.unreachable()
    expect(networks.toSorted()).toEqual(['apps', 'pdp-db', 'relations'])
  })

  test('the PDPs reach a receiver of traces where one is named', () => {
    expect(flowsOf('full')).toContain('pdp → monitoring:4318')
    expect([...flowsOf('production')].filter((flow) => flow.endsWith(':4318'))).toEqual([])
  })

  test('the auditor reaches the PDPs and the issuer, no database and no OpenFGA', () => {
    const flows = [...flowsOf('full')].filter((flow) => flow.includes('auditor'))
    expect(flows.toSorted()).toEqual([
      'auditor → *:8080',
      'auditor → kube-system:53',
      'auditor → pdp:8181',
      'ingress-nginx → auditor:4004',
    ])
    expect(readComposeFile().services['auditor']?.networks).toEqual(['apps'])
  })

  test('an Ingress lets in what the edge lets in: health, metrics and sign-outs stay inside', () => {
    const paths = only(rendered('full'), 'Ingress', 'authz-pdp').spec.rules[0].http.paths
    const conf = read('deploy/edge/nginx.conf')
    const edge = [...conf.matchAll(/location (?<exact>= )?(?<path>\/[\w./-]+) \{ proxy_pass \$pdp; \}/gu)].map(
      ({ groups }) => ({
        path: groups?.['path'],
        pathType: groups?.['exact'] ? 'Exact' : 'Prefix',
      }),
    )
    expect(paths.map(({ path, pathType }: { path: string; pathType: string }) => ({ path, pathType }))).toEqual(edge)
  })
})

test('releases of two tenants share no resource and select no pod of each other, even in one namespace', () => {
  const [acme, bolt] = ['acme', 'bolt'].map((name) =>
    renderChart(helm, { file: 'production', release: { name, namespace: 'authz' } }),
  ) as [readonly Manifest[], readonly Manifest[]]
  const named = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`
  expect(acme.length).toBeGreaterThan(10)
  expect(acme.map(named).filter((name) => bolt.map(named).includes(name))).toEqual([])
  const selectors = (manifests: readonly Manifest[]): readonly Json[] =>
    manifests.flatMap(({ spec }) => [spec?.selector?.matchLabels ?? spec?.selector, spec?.podSelector?.matchLabels])
  const pods = bolt.flatMap(({ kind, spec }) =>
    ['StatefulSet', 'Deployment', 'Job'].includes(kind) ? [spec.template.metadata.labels] : [],
  )
  expect(pods.length).toBeGreaterThanOrEqual(2)
  for (const selector of selectors(acme).filter((one) => one && Object.keys(one).length > 0))
    for (const labels of pods)
      expect(Object.entries(selector).every(([name, value]) => labels[name] === value)).toBe(false)
})

test('the certificate is for the names that callers use', () => {
  const { dnsNames, secretName } = only(rendered('production'), 'Certificate').spec
  const services = rendered('production').filter((one) => one.kind === 'Service' && component(one) === 'pdp')
  const hosts = services.map(({ metadata, spec }) =>
    spec.clusterIP === 'None'
      ? `*.${metadata.name}.${RELEASE.namespace}.svc`
      : `${metadata.name}.${RELEASE.namespace}.svc`,
  )
  expect(dnsNames).toEqual(expect.arrayContaining(hosts))
  const env = environmentOf(podOf(pdpOf('production')).containers[0])
  expect(dnsNames).toContain(new URL(env['PDP_PUBLIC_URL'] ?? '').hostname)
  expect(podOf(pdpOf('production')).volumes).toContainEqual({ name: 'tls', secret: { secretName, defaultMode: 0o440 } })
})

test('the alerts of the chart are those that are tested with promtool', () => {
  const { groups } = only(rendered('production'), 'PrometheusRule').spec
  expect(groups).toEqual(parse(read('deploy/prometheus/alerts.yml')).groups)
  const { jobLabel, selector } = only(rendered('production'), 'ServiceMonitor').spec
  const scraped = rendered('production').filter(
    ({ kind, metadata }) => kind === 'Service' && metadata.labels?.[jobLabel],
  )
  const jobs = read('deploy/prometheus/alerts.yml').match(/(?<=job=")[^"]+/gu) ?? []
  expect(jobs.length).toBeGreaterThan(0)
  for (const job of jobs) expect(scraped.map(({ metadata }) => metadata.labels?.[jobLabel])).toEqual([job])
  for (const { metadata } of scraped) expect(metadata.labels).toMatchObject(selector.matchLabels)
  expect(readFileSync(join(CHART, 'files/alerts.yml'), 'utf8')).toBe(read('deploy/prometheus/alerts.yml'))
})

test('docs/kubernetes-values.md lists every value (vitest -u writes it)', async () => {
  await expect(valuesTable(readFileSync(join(CHART, 'values.yaml'), 'utf8'))).toMatchFileSnapshot(
    join(ROOT, 'docs/kubernetes-values.md'),
  )
})
