/**
 * Editor of the pack's files: a tab and a text field each, with mistakes shown at their line. The Tab key leaves the field.
 *
 * @module
 */
import { FILES, type FileName, MAX_TEXT, type Mistake, type Texts } from '@mandate/playground/api'
import { plural } from '@mandate/ui'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'

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

/** The field is as large as its text, and its container scrolls: marks need no position of their own while scrolling. */
function TextField({ text, file, mistakes, field, onText }: TextFieldProps): JSX.Element {
  const lines = text.split('\n')
  const widest = Math.max(...lines.map(({ length }) => length))
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
          {...(mistakes.length > 0 ? { 'aria-describedby': 'mistakes' } : {})}
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
      </div>
    </div>
  )
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
