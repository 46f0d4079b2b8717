/**
 * Requests and responses between the playground's page and its server. Each request carries the texts of the pack: the server keeps no edited version.
 *
 * @module
 */
import { decisionContextSchema, domainSchema, limitSchema } from '@mandate/protocol'
import { z } from 'zod'

/** Largest text of one file of a pack, in UTF-16 code units. */
export const MAX_TEXT = 200_000
/** Longest name or value in a question. */
const MAX_VALUE = 1_000

const text = z.string().max(MAX_TEXT)

/** Names of a pack's files, in the order in which the page shows them. */
export const FILES = ['model.fga', 'manifest.yaml', 'cases.yaml', 'facts.yaml'] as const
/** One of {@link FILES}. */
export type FileName = (typeof FILES)[number]

/** The texts of a pack's files; the optional ones are empty when they do not exist. */
export const textsSchema = z.strictObject({
  'model.fga': text,
  'manifest.yaml': text,
  'cases.yaml': text,
  'facts.yaml': text,
})
/** A parsed {@link textsSchema}. */
export type Texts = z.infer<typeof textsSchema>

/** `GET /playground/api/pack`: the files on disk, and the name of their folder. */
export const packSchema = z.object({ name: z.string(), texts: textsSchema })
/** A parsed {@link packSchema}. */
export type DiskPack = z.infer<typeof packSchema>

/** A mistake: file, line from 1 on, and text. `file` is absent where the mistake has no place in a file. */
const mistakeSchema = z.object({ file: z.enum(FILES).optional(), line: z.int(), message: z.string() })
/** A parsed {@link mistakeSchema}. */
export type Mistake = z.infer<typeof mistakeSchema>

const valuesSchema = z.record(z.string(), z.unknown())
const attributeSchema = z.object({ name: z.string(), type: z.string() })

/** A question of a case. `line`: in `cases.yaml`. */
const askedSchema = z.object({
  line: z.int(),
  ask: z.string(),
  with: valuesSchema,
  with_subject: valuesSchema,
  with_action: valuesSchema,
  /** `permit owner`, `deny no_grant`. */
  promised: z.string(),
})
/** A parsed {@link askedSchema}. */
export type AskedLine = z.infer<typeof askedSchema>

/** What a valid pack declares: the choices of the form, and the cases. */
export const outlineSchema = z.object({
  domain: domainSchema,
  people: z.record(z.string(), z.array(z.string())),
  agents: z.array(z.string()),
  /** Resource type by name; `values`: the attributes that the cases give it. */
  resources: z.record(z.string(), z.object({ type: z.string(), values: valuesSchema })),
  attributes: z.array(attributeSchema),
  subjectAttributes: z.array(attributeSchema),
  actionAttributes: z.array(attributeSchema),
  cases: z.array(z.object({ name: z.string(), line: z.int(), given: z.int(), questions: z.array(askedSchema) })),
})
/** A parsed {@link outlineSchema}. */
export type Outline = z.infer<typeof outlineSchema>

/** Body of `POST /playground/api/check`. */
export const checkRequestSchema = z.strictObject({ texts: textsSchema })
/** Response: `outline` is present when there are no mistakes. */
export const checkAnswerSchema = z.object({ mistakes: z.array(mistakeSchema), outline: outlineSchema.optional() })
/** A parsed {@link checkAnswerSchema}. */
export type CheckAnswer = z.infer<typeof checkAnswerSchema>

const caseIndexSchema = z.int().min(0).max(9_999)

/** Body of `POST /playground/api/case`: plays one case. */
export const caseRequestSchema = z.strictObject({ texts: textsSchema, index: caseIndexSchema })
/** Response: `refused` is the step that failed; otherwise one result for each question. */
export const caseAnswerSchema = z.object({
  refused: mistakeSchema.optional(),
  results: z.array(z.object({ line: z.int(), difference: z.string().optional() })),
})
/** A parsed {@link caseAnswerSchema}. */
export type CaseAnswer = z.infer<typeof caseAnswerSchema>

const word = z.string().regex(/^\S+$/u, 'must be one word').max(MAX_VALUE)

/** A question in the notation of the cases, in parts. */
export const questionSchema = z.strictObject({
  subject: word,
  actor: word.optional(),
  /** `title/circle`; `nobody` sends none. @default the subject's first */
  persona: word.optional(),
  action: word,
  what: word,
  with: valuesSchema,
  with_subject: valuesSchema,
  with_action: valuesSchema,
})
/** A parsed {@link questionSchema}. */
export type Question = z.infer<typeof questionSchema>

/** Body of `POST /playground/api/ask`. `case`: whose `given` is played before; absent: only what is declared at the top exists. */
export const askRequestSchema = z.strictObject({
  texts: textsSchema,
  case: caseIndexSchema.optional(),
  question: questionSchema,
})

/** Terms of a grant that its link in a chain does not have. */
const termsSchema = z.object({ redelegations: z.int(), limits: z.array(limitSchema) })

/** Response: the decision, or why there is none. */
export const askAnswerSchema = z.union([
  z.object({ refused: mistakeSchema }),
  z.object({
    decision: z.boolean(),
    context: decisionContextSchema,
    /** The AuthZEN request that was sent. */
    request: z.looseObject({}),
    /** Terms by grant id. */
    grants: z.record(z.string(), termsSchema),
  }),
])
/** A parsed {@link askAnswerSchema}. */
export type AskAnswer = z.infer<typeof askAnswerSchema>

/** Response with a status of 400 or above. */
export const refusalSchema = z.object({ message: z.string() })
