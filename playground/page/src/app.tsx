/**
 * The page: the pack's files, a question with its answer, and the cases.
 *
 * @module
 */
import type { AskedLine, DiskPack, FileName, Texts } from '@mandate/playground/api'
import { Mark } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Answer, type Asked } from './answer.tsx'
import { api, messageOf } from './api.ts'
import { Bar } from './bar.tsx'
import { Cases } from './cases.tsx'
import { Editor } from './editor.tsx'
import { firstForm, fitted, formOf, questionOf } from './form.ts'
import { QuestionForm } from './question.tsx'
import { type Form, unpackFragment } from './share.ts'
import { type Plays, usePlays } from './use-plays.ts'

/** What the page works on. */
interface Opened {
  readonly disk: DiskPack
  readonly texts: Texts
  readonly form: Form | undefined
  /** Whether texts or question came with the address. */
  readonly isShared: boolean
}

export function App(): JSX.Element {
  const [opened, setOpened] = useState<Opened>()
  const [failure, setFailure] = useState<string>()
  const open = (from?: 'disk'): void => {
    load(from).then(setOpened, (error: unknown) => setFailure(messageOf(error)))
  }
  useEffect(() => {
    const openShared = (): void => open()
    openShared()
    // Another shared address in the same tab.
    addEventListener('hashchange', openShared)
    return () => removeEventListener('hashchange', openShared)
  }, [])
  if (opened && failure === undefined) return <Workbench opened={opened} onReset={() => open('disk')} />
  return (
    <main class="plain" aria-busy={failure === undefined}>
      <h1>{failure === undefined ? 'Playground' : 'The pack cannot be read'}</h1>
      {failure === undefined ? <p class="waiting">Loading…</p> : <p role="alert">{failure}</p>}
    </main>
  )
}

/** @param from - `disk`: the files, whatever the address holds; the fragment is removed then. */
async function load(from?: 'disk'): Promise<Opened> {
  if (from === 'disk') history.replaceState(null, '', location.pathname)
  const [disk, shared] = await Promise.all([api.pack(), unpackFragment(location.hash)])
  return { disk, texts: shared?.texts ?? disk.texts, form: shared?.form, isShared: shared !== undefined }
}

function Workbench({ opened, onReset }: { readonly opened: Opened; readonly onReset: () => void }): JSX.Element {
  const [texts, setTexts] = useState(opened.texts)
  const [form, setForm] = useState(opened.form)
  const [file, setFile] = useState<FileName>('manifest.yaml')
  useEffect(() => {
    setTexts(opened.texts)
    setForm(opened.form)
  }, [opened])
  const plays = usePlays(texts)
  const { outline, results, state } = plays
  const current = outline && (form ? fitted(form, outline) : firstForm(outline))
  const question = useAsked(opened, plays, current)
  const onLine = (line: AskedLine, index: number): void => {
    const filled = formOf(line, index)
    setForm(filled)
    question.ask(filled)
  }
  const { disk, isShared } = opened
  const isChanged = JSON.stringify(texts) !== JSON.stringify(disk.texts)
  const shared = { texts, ...(current ? { form: current } : {}) }
  const onText = (name: FileName, text: string): void => setTexts({ ...texts, [name]: text })
  return (
    <>
      <Bar name={disk.name} isChanged={isChanged} isShared={isShared} shared={shared} onReset={onReset} />
      <main class="workbench">
        <h1 class="sr">Playground: {disk.name}</h1>
        <QuestionPane plays={plays} form={current} question={question} onForm={setForm} />
        <Editor texts={texts} mistakes={plays.mistakes} file={file} onFile={setFile} onText={onText} />
        {outline && <Cases outline={outline} results={results} isOutdated={state !== 'valid'} onLine={onLine} />}
      </main>
      <Foot />
    </>
  )
}

function Foot(): JSX.Element {
  return (
    <footer class="foot">
      <Mark />
      <p>Runs on this machine. Edits stay in this page: no file is changed, and nothing is sent elsewhere.</p>
    </footer>
  )
}

interface QuestionPaneProps {
  readonly plays: Plays
  readonly form: Form | undefined
  readonly question: UseAsked
  readonly onForm: (form: Form) => void
}

function QuestionPane({ plays: { outline, state }, form, question, onForm }: QuestionPaneProps): JSX.Element {
  const { asked, failure, isBusy, ask } = question
  const isMistaken = state === 'mistaken'
  return (
    <section class="pane ask-pane" aria-labelledby="ask-title">
      <h2 id="ask-title">Question</h2>
      {outline && form ? (
        <QuestionForm
          form={form}
          outline={outline}
          isBusy={isBusy}
          isMistaken={isMistaken}
          onForm={onForm}
          onAsk={() => ask(form)}
        />
      ) : (
        <p class="waiting">{isMistaken ? 'The pack has a mistake.' : 'Checking the pack…'}</p>
      )}
      <div class="answer-place" aria-live="polite" aria-busy={isBusy}>
        {failure !== undefined && <p class="failure">{failure}</p>}
        {asked && isMistaken && <p class="aside">This answer is of the pack before its mistake:</p>}
        {asked && failure === undefined && <Answer asked={asked} />}
      </div>
    </section>
  )
}

interface UseAsked {
  readonly asked: Asked | undefined
  readonly failure: string | undefined
  readonly isBusy: boolean
  readonly ask: (form: Form) => void
}

/**
 * The last question with its answer; an answer to an earlier question that arrives late is dropped. The question of a shared address is asked at once,
 * and the last question again after every valid change of the pack.
 */
function useAsked(opened: Opened, { outline, texts, state }: Plays, current: Form | undefined): UseAsked {
  const [asked, setAsked] = useState<Asked>()
  const [failure, setFailure] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const newest = useRef(0)
  const show = (mine: number, answered: Asked | undefined, failed: string | undefined): void => {
    if (newest.current !== mine) return
    setBusy(false)
    setFailure(failed)
    setAsked(answered)
  }
  const ask = (form: Form): void => {
    if (!outline || !texts) return
    newest.current += 1
    const mine = newest.current
    const question = questionOf(form, outline)
    setBusy(true)
    api.ask(texts, form.case, question).then(
      (answer) => show(mine, { question, answer, outline }, undefined),
      (error: unknown) => show(mine, undefined, messageOf(error)),
    )
  }
  useEffect(() => {
    newest.current += 1
    show(newest.current, undefined, undefined)
  }, [opened])
  useEffect(() => {
    if ((asked || failure !== undefined || opened.form) && current && state === 'valid') ask(current)
  }, [texts])
  return { asked, failure, isBusy, ask }
}
