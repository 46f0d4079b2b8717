/**
 * Editor of the pack's files: a tab and a text field each, coloured, with mistakes shown at their line. The Tab key leaves the field.
 *
 * @module
 */
import { FILES, type FileName, MAX_TEXT, type Mistake, type Texts } from '@mandate/playground/api'
import { plural } from '@mandate/ui'
import { Component, type JSX } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import { highlightLines, type Part } from './highlight.ts'

interface EditorProps {
  readonly texts: Texts
  readonly mistakes: readonly Mistake[]
  readonly file: FileName
  readonly onFile: (file: FileName) => void
  readonly onText: (file: FileName, text: string) => void
}

export function Editor({ texts, mistakes, file, onFile, onText }: EditorProps): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null)
  const own = mistakes.filter((one) => one.file === file)
  const goTo = (line: number): void => {
    const at = field.current
    if (!at) return
    const start = offsetOf(texts[file], line)
    at.focus()
    at.setSelectionRange(start, offsetOf(texts[file], line + 1) - 1)
  }
  return (
    <section class="pane editor-pane" aria-labelledby="pack-title">
      <h2 id="pack-title">Pack</h2>
      <p class="aside editor-keys" id="editor-keys">
        Tab leaves the text; Shift+Tab goes back to the files, where ← and → choose one. Indent with spaces.
      </p>
      <Tabs file={file} mistakes={mistakes} onFile={onFile} />
      <div class="editor-panel" role="tabpanel" id={`panel-${file}`} aria-labelledby={`tab-${file}`}>
        <TextField text={texts[file]} file={file} mistakes={own} field={field} onText={(text) => onText(file, text)} />
      </div>
      <MistakeList
        mistakes={mistakes}
        onMistake={(mistake) => (mistake.file === file || !mistake.file ? goTo(mistake.line) : onFile(mistake.file))}
      />
    </section>
  )
}

/** Offset of the first character of a line. */
function offsetOf(text: string, line: number): number {
  return text
    .split('\n')
    .slice(0, line - 1)
    .reduce((sum, one) => sum + one.length + 1, 0)
}

function Tabs(props: Pick<EditorProps, 'file' | 'mistakes' | 'onFile'>): JSX.Element {
  const { file, mistakes, onFile } = props
  const walk = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const next = FILES[(FILES.indexOf(file) + step + FILES.length) % FILES.length] ?? file
    onFile(next)
    document.getElementById(`tab-${next}`)?.focus()
  }
  return (
    <div class="tabs" role="tablist" aria-label="Files of the pack" onKeyDown={walk}>
      {FILES.map((name) => {
        const count = mistakes.filter((one) => one.file === name).length
        return (
          <button
            type="button"
            role="tab"
            key={name}
            id={`tab-${name}`}
            class="tab"
            aria-selected={name === file}
            aria-controls={name === file ? `panel-${name}` : undefined}
            tabIndex={name === file ? 0 : -1}
            onClick={() => onFile(name)}
          >
            {name}
            {count > 0 && <span class="tab-count">{plural(count, 'mistake')}</span>}
          </button>
        )
      })}
    </div>
  )
}

interface TextFieldProps {
  readonly text: string
  readonly file: FileName
  readonly mistakes: readonly Mistake[]
  readonly field: { current: HTMLTextAreaElement | null }
  readonly onText: (text: string) => void
}

/**
 * The field is as large as its text, and its container scrolls: marks need no position of their own while scrolling. The field's own text is transparent,
 * and the coloured text lies on top of it. So the browser's text field does the editing, undo, selection and speech.
 */
function TextField({ text, file, mistakes, field, onText }: TextFieldProps): JSX.Element {
  const lines = text.split('\n')
  const widest = lines.reduce((most, { length }) => Math.max(most, length), 0)
  return (
    <div class="editor">
      <div class="line-numbers" aria-hidden="true">
        {lines.map((_line, at) => (
          <span key={at} class={mistakes.some(({ line }) => line === at + 1) ? 'line-number wrong' : 'line-number'}>
            {at + 1}
          </span>
        ))}
      </div>
      <div class="code">
        <div class="line-marks" aria-hidden="true">
          {mistakes.map(({ line, message }) => (
            <p class="line-mark" key={`${line} ${message}`} style={{ top: `${(line - 1) * 1.5}em` }}>
              <span style={{ marginLeft: `${(lines[line - 1]?.length ?? 0) + 2}ch` }}>{message}</span>
            </p>
          ))}
        </div>
        <textarea
          ref={field}
          aria-label={file}
          aria-invalid={mistakes.length > 0}
          aria-describedby={mistakes.length > 0 ? 'editor-keys mistakes' : 'editor-keys'}
          class="code-field"
          wrap="off"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          maxLength={MAX_TEXT}
          rows={lines.length + 1}
          cols={widest + 2}
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
        <Colours file={file} text={text} />
      </div>
    </div>
  )
}

function Colours({ file, text }: { readonly file: FileName; readonly text: string }): JSX.Element {
  const lines = useMemo(() => highlightLines(file, text), [file, text])
  return (
    <div class="colours" aria-hidden="true">
      {lines.map((parts, at) => (
        <ColouredLine key={at} parts={parts} />
      ))}
    </div>
  )
}

/** A line of which no part changed keeps its elements, since most of them are the same after a key press. */
class ColouredLine extends Component<{ readonly parts: readonly Part[] }> {
  override shouldComponentUpdate({ parts }: { readonly parts: readonly Part[] }): boolean {
    const before = this.props.parts
    return (
      parts.length !== before.length ||
      parts.some(({ text, kind }, at) => text !== before[at]?.text || kind !== before[at]?.kind)
    )
  }

  override render(): JSX.Element {
    return (
      <div class="colour-line">
        {this.props.parts.map(({ text, kind }) => (kind ? <span class={`part-${kind}`}>{text}</span> : text))}
      </div>
    )
  }
}

function MistakeList(props: { mistakes: readonly Mistake[]; onMistake: (mistake: Mistake) => void }): JSX.Element {
  return (
    <div class="mistakes" id="mistakes" aria-live="polite">
      {props.mistakes.length > 0 && (
        <ul>
          {props.mistakes.map((mistake) => (
            <li key={`${mistake.file} ${mistake.line} ${mistake.message}`}>
              {mistake.file !== undefined && (
                <button type="button" class="link" onClick={() => props.onMistake(mistake)}>
                  {mistake.file}, line {mistake.line}
                </button>
              )}{' '}
              {mistake.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
