/** A form made from a JSON Schema. What is left empty is not sent; the server checks, and its errors stand at the fields. */
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useId, useState, type ReactNode } from 'react';
import type { JsonSchema } from '../api/types';
import { durationText, wordsOf } from '../format/values';
import {
  defaultText,
  fits,
  kindOf,
  literalOf,
  settled,
  typed,
  variantName,
  variantsOf,
  type Path,
} from './schema';

export interface FormContext {
  /** By path as `to.ensemble`. */
  errors: ReadonlyMap<string, string>;
  /** Names that could stand in a field, by the last part of its path. */
  suggestions: Readonly<Record<string, readonly string[]>>;
}

interface FieldProps {
  name: string;
  path: Path;
  schema: JsonSchema;
  value: unknown;
  isRequired: boolean;
  onChange: (value: unknown) => void;
  context: FormContext;
}

/** The fields of an object; those that must be given first, what nests last. */
export function SchemaForm({
  schema,
  value,
  onChange,
  context,
  path = [],
}: {
  schema: JsonSchema;
  value: unknown;
  onChange: (value: Record<string, unknown>) => void;
  context: FormContext;
  path?: Path;
}) {
  const fields = Object.entries(schema.properties ?? {});
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const required = new Set(schema.required);
  const toField = ([name, field]: [string, JsonSchema]): ReactNode => (
    <Field
      key={name}
      name={name}
      path={[...path, name]}
      schema={settled(field)}
      value={given[name]}
      isRequired={required.has(name)}
      onChange={(next) => onChange({ ...given, [name]: next })}
      context={context}
    />
  );
  const needed = fields.filter(([name]) => required.has(name));
  const others = fields.filter(([name]) => !required.has(name));
  if (path.length > 0) return <div className="stack">{[...needed, ...others].map(toField)}</div>;
  const isSet = others.some(
    ([name]) =>
      given[name] !== undefined ||
      [...context.errors.keys()].some((at) => at.split('.')[0] === name),
  );
  return (
    <div className="stack">
      {needed.map(toField)}
      {others.length > 0 && (
        <details open={isSet || needed.length === 0}>
          <summary>Everything else has a safe default ({others.length} fields)</summary>
          <div className="stack form-more">{others.map(toField)}</div>
        </details>
      )}
    </div>
  );
}

function Field(props: FieldProps) {
  switch (kindOf(props.schema)) {
    case 'object':
      return <ObjectField {...props} />;
    case 'variants':
      return <VariantsField {...props} />;
    case 'record':
      return <RecordField {...props} />;
    case 'list':
      return <ListField {...props} />;
    case 'boolean':
      return <BooleanField {...props} />;
    case 'choice':
      return <ChoiceField {...props} />;
    case 'json':
      return <JsonField {...props} />;
    default:
      return <TextField {...props} />;
  }
}

const errorAt = ({ context, path }: FieldProps) => context.errors.get(path.join('.'));

/** What a field of text shows: of a value that is none, how it is written as JSON. */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);

/** `soakMs` → `soak (ms)`. */
const labelOf = (name: string): string =>
  wordsOf(name.replace(/Ms$/, '')) + (name.endsWith('Ms') ? ' (ms)' : '');

function TextField(props: FieldProps) {
  const { name, schema, value, isRequired, onChange, context } = props;
  const listId = useId();
  const options = context.suggestions[name] ?? [];
  const isDuration = name.endsWith('Ms') && typeof value === 'number';
  const hints = [
    schema.description,
    isDuration ? `= ${durationText(value)}` : undefined,
    schema.default === undefined || isDuration || !name.endsWith('Ms')
      ? undefined
      : `default ${durationText(Number(schema.default))}`,
  ].filter((hint) => hint !== undefined);
  const isLong = name === 'comment';
  const common = {
    label: labelOf(name),
    description: hints.join('; ') || undefined,
    error: errorAt(props),
    required: isRequired,
    value: textOf(value),
    placeholder: defaultText(schema),
  };
  const take = (text: string) => onChange(text === '' ? undefined : typed(schema, text));
  if (isLong)
    return (
      <Textarea {...common} rows={2} onChange={({ currentTarget }) => take(currentTarget.value)} />
    );
  return (
    <>
      <TextInput
        {...common}
        list={options.length > 0 ? listId : undefined}
        inputMode={kindOf(schema) === 'integer' ? 'numeric' : undefined}
        spellCheck={false}
        onChange={({ currentTarget }) => take(currentTarget.value)}
      />
      {options.length > 0 && (
        <datalist id={listId}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </>
  );
}

function ChoiceField(props: FieldProps) {
  const { name, schema, value, isRequired, onChange } = props;
  const options = (schema.enum ?? []).map(String);
  const standard = defaultText(schema);
  return (
    <NativeSelect
      label={labelOf(name)}
      description={schema.description}
      error={errorAt(props)}
      required={isRequired}
      value={textOf(value)}
      onChange={({ currentTarget }) =>
        onChange(currentTarget.value === '' ? undefined : typed(schema, currentTarget.value))
      }
      data={[
        {
          value: '',
          label: standard !== undefined ? `${standard} (default)` : isRequired ? 'choose…' : '–',
        },
        ...options.map((option) => ({ value: option, label: option })),
      ]}
    />
  );
}

function BooleanField(props: FieldProps) {
  const { name, schema, value, onChange } = props;
  return (
    <Checkbox
      label={labelOf(name)}
      description={schema.description}
      error={errorAt(props)}
      checked={Boolean(value ?? schema.default)}
      onChange={({ currentTarget }) =>
        onChange(currentTarget.checked === schema.default ? undefined : currentTarget.checked)
      }
    />
  );
}

function ObjectField(props: FieldProps) {
  const { name, path, schema, value, isRequired, onChange, context } = props;
  const prefix = path.join('.');
  const hasError = [...context.errors.keys()].some((at) => at.startsWith(prefix));
  const body = (
    <>
      {schema.description !== undefined && <p className="dim">{schema.description}</p>}
      <ErrorText text={errorAt(props)} />
      <SchemaForm schema={schema} value={value} onChange={onChange} context={context} path={path} />
    </>
  );
  if (isRequired)
    return (
      <fieldset className="fieldset">
        <legend>{labelOf(name)}</legend>
        {body}
      </fieldset>
    );
  return (
    <details open={hasError || value !== undefined}>
      <summary>{labelOf(name)}</summary>
      <div className="fieldset" role="group" aria-label={labelOf(name)}>
        {body}
      </div>
    </details>
  );
}

function VariantsField(props: FieldProps) {
  const { name, path, schema, value, isRequired, onChange, context } = props;
  const variants = variantsOf(schema);
  const [chosen, setChosen] = useState(() => variants.findIndex((variant) => fits(variant, value)));
  const variant = variants[chosen];
  return (
    <div className="fieldset" role="group" aria-label={labelOf(name)}>
      <div className="stack">
        <NativeSelect
          label={labelOf(name)}
          description={schema.description}
          error={errorAt(props)}
          required={isRequired}
          value={String(chosen)}
          onChange={({ currentTarget }) => {
            const next = Number(currentTarget.value);
            setChosen(next);
            onChange(variants[next] && literalOf(variants[next]));
          }}
          data={[
            { value: '-1', label: isRequired ? 'choose…' : '–' },
            ...variants.map((one, index) => ({ value: String(index), label: variantName(one) })),
          ]}
        />
        {variant?.type === 'object' ? (
          <SchemaForm
            schema={variant}
            value={value}
            onChange={onChange}
            context={context}
            path={path}
          />
        ) : (
          variant !== undefined &&
          literalOf(variant) === undefined && (
            <Field {...props} schema={variant} isRequired={isRequired} />
          )
        )}
      </div>
    </div>
  );
}

function ListField(props: FieldProps) {
  const { name, path, schema, value, onChange, context } = props;
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  const itemSchema = settled(schema.items ?? {});
  const set = (index: number, next: unknown) =>
    onChange(items.map((item, at) => (at === index ? next : item)));
  return (
    <fieldset className="fieldset">
      <legend>{labelOf(name)}</legend>
      {schema.description !== undefined && <p className="dim">{schema.description}</p>}
      <ErrorText text={errorAt(props)} />
      <div className="stack">
        {items.map((item, index) => (
          <div className="row" key={index}>
            <div>
              <Field
                name={itemName(name, index)}
                path={[...path, String(index)]}
                schema={itemSchema}
                value={item}
                isRequired={kindOf(itemSchema) === 'object'}
                onChange={(next) => set(index, next ?? '')}
                context={{
                  ...context,
                  suggestions: {
                    ...context.suggestions,
                    [itemName(name, index)]: context.suggestions[name] ?? [],
                  },
                }}
              />
            </div>
            <Button
              variant="default"
              size="sm"
              aria-label={`Remove ${itemName(name, index)}`}
              onClick={() => onChange(items.filter((_, at) => at !== index))}
            >
              Remove
            </Button>
          </div>
        ))}
        <div>
          <Button
            variant="default"
            onClick={() => onChange([...items, kindOf(itemSchema) === 'object' ? {} : ''])}
          >
            Add to {labelOf(name)}
          </Button>
        </div>
      </div>
    </fieldset>
  );
}

const itemName = (name: string, index: number): string => `${name} ${index + 1}`;

/** Kept as rows while it is edited: two may have the same name for a moment. */
function RecordField(props: FieldProps) {
  const { name, path, schema, value, onChange, context } = props;
  const [rows, setRows] = useState<[string, string][]>(() =>
    Object.entries((value ?? {}) as Record<string, string>),
  );
  const set = (next: [string, string][]) => {
    setRows(next);
    onChange(Object.fromEntries(next.filter(([from]) => from !== '')));
  };
  const change = (index: number, side: 0 | 1, text: string) =>
    set(
      rows.map((row, at): [string, string] =>
        at !== index ? row : side === 0 ? [text, row[1]] : [row[0], text],
      ),
    );
  return (
    <fieldset className="fieldset">
      <legend>{labelOf(name)}</legend>
      {schema.description !== undefined && <p className="dim">{schema.description}</p>}
      <ErrorText text={errorAt(props)} />
      <div className="stack">
        {rows.map(([from, to], index) => (
          <div className="row" key={index}>
            <TextInput
              label={`name ${index + 1}`}
              value={from}
              error={context.errors.get([...path, from].join('.'))}
              onChange={({ currentTarget }) => change(index, 0, currentTarget.value)}
            />
            <TextInput
              label={`value ${index + 1}`}
              value={to}
              onChange={({ currentTarget }) => change(index, 1, currentTarget.value)}
            />
            <Button
              variant="default"
              size="sm"
              aria-label={`Remove row ${index + 1} of ${name}`}
              onClick={() => set(rows.filter((_, at) => at !== index))}
            >
              Remove
            </Button>
          </div>
        ))}
        <div>
          <Button variant="default" onClick={() => set([...rows, ['', '']])}>
            Add to {labelOf(name)}
          </Button>
        </div>
      </div>
    </fieldset>
  );
}

function JsonField(props: FieldProps) {
  const { name, schema, value, isRequired, onChange } = props;
  const [text, setText] = useState(() =>
    value === undefined ? '' : JSON.stringify(value, undefined, 2),
  );
  const [unreadable, setUnreadable] = useState<string>();
  return (
    <Textarea
      label={`${labelOf(name)} (JSON)`}
      description={schema.description}
      required={isRequired}
      rows={4}
      className="mono"
      value={text}
      error={unreadable ?? errorAt(props)}
      onChange={({ currentTarget: { value: next } }) => {
        setText(next);
        try {
          onChange(next.trim() === '' ? undefined : (JSON.parse(next) as unknown));
          setUnreadable(undefined);
        } catch (error) {
          setUnreadable((error as Error).message);
        }
      }}
    />
  );
}

const ErrorText = ({ text }: { text: string | undefined }) =>
  text === undefined ? null : <p className="error-text">✕ {text}</p>;
