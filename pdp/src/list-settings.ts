/**
 * Schemas of settings that hold a list.
 *
 * @module
 */
import { nameSchema } from '@mandate/protocol'
import { setting } from '@mandate/service'
import { z } from 'zod'

/** Items between commas. */
export const list = setting.list([]).unwrap()
/** Words between spaces. */
export const words = z.string().transform((text) => text.split(' ').filter((word) => word !== ''))

/** `client=type+type,client=type`. */
export const servicesSchema = list.transform((items, context) => {
  const services = new Map<string, readonly string[]>()
  for (const [index, item] of items.entries()) {
    const [client = '', types = ''] = item.split('=').map((part) => part.trim())
    const named = types.split('+').map((type) => type.trim())
    const objection = (message: string): void =>
      context.addIssue({ code: 'custom', message: `item ${index + 1} ${message}` })
    if (!client || !named.every((type) => nameSchema.safeParse(type).success)) objection('must be client=type+type')
    else if (services.has(client)) objection('names a client that was named before')
    services.set(client, named)
  }
  return services
})

/** `URL VKEY, URL VKEY`. The keys are parsed at start. */
export const witnessesSchema = list.transform((items, context) =>
  items.map((item, index) => {
    const [address = '', vkey = '', ...more] = item.split(/\s+/u)
    const url = setting.url.safeParse(address)
    if (!url.success || more.length > 0 || !/^[^+]+\+[0-9a-f]{8}\+\S+$/u.test(vkey))
      context.addIssue({
        code: 'custom',
        message: `item ${index + 1} must be the URL and the verifier key of a witness`,
      })
    return { url: url.data ?? '', vkey }
  }),
)
