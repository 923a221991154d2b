import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import Toggle from '@cloudscape-design/components/toggle';
import { useState, type ReactNode } from 'react';
import type { Json, JsonSchema } from '../lib/console/views.ts';

/** The part of JSON Schema that a form is made from. Any other keyword is checked by the server alone. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly default?: Json;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

type Value = Json | undefined;

/** A form of the values that a schema describes, or a field of JSON text where the schema does not say enough. */
export function SchemaForm({
  schema,
  value,
  change,
  label,
}: {
  readonly schema: JsonSchema;
  readonly value: Value;
  readonly change: (value: Value) => void;
  readonly label: string;
}): ReactNode {
  const root = schema as Schema;
  const known = resolved(root, root);
  const isFormed = kindOf(known) !== 'json';
  const [asText, setAsText] = useState(!isFormed);
  return (
    <SpaceBetween size="s">
      {isFormed && (
        <Toggle checked={asText} onChange={({ detail }) => setAsText(detail.checked)}>
          {label} as JSON
        </Toggle>
      )}
      {asText ? (
        <JsonField label={isFormed ? '' : label} value={value} change={change} />
      ) : (
        <Field root={root} schema={known} label={kindOf(known) === 'object' ? '' : label} isRequired value={value} change={change} />
      )}
    </SpaceBetween>
  );
}

/** The value with which a form begins: the defaults and constants of its schema. */
export function initialValue(schema: JsonSchema): Value {
  return initialOf(schema, schema);
}

/** The first required member that has no value. */
export function missingMember(schema: JsonSchema, value: Value): string | undefined {
  return missingOf(schema, schema, value, '');
}

function missingOf(root: Schema, schema: Schema, value: Value, path: string): string | undefined {
  const known = resolved(root, schema);
  if (value === undefined) return path === '' ? 'Fill in the form with a valid value.' : `Fill in ${path}.`;
  if (kindOf(known) !== 'object' || !isRecord(value)) return undefined;
  for (const [name, member] of Object.entries(known.properties ?? {})) {
    const inner = value[name];
    if (inner === undefined && !known.required?.includes(name)) continue;
    const missing = missingOf(root, member, inner, path === '' ? name : `${path}.${name}`);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

function initialOf(root: Schema, schema: Schema): Value {
  const known = resolved(root, schema);
  if (known.default !== undefined) return known.default;
  if (known.const !== undefined) return known.const;
  switch (kindOf(known)) {
    case 'object': {
      const members = Object.entries(known.properties ?? {}).flatMap(([name, member]): [string, Json][] => {
        const value = known.required?.includes(name) ? initialOf(root, member) : undefined;
        return value === undefined ? [] : [[name, value]];
      });
      return Object.fromEntries(members);
    }
    case 'boolean':
      return false;
    case 'list':
      return [];
    case 'null':
      return null;
    default:
      return undefined;
  }
}

type Kind = 'object' | 'text' | 'number' | 'boolean' | 'choice' | 'list' | 'null' | 'variants' | 'json';

function kindOf(schema: Schema): Kind {
  if (schema.enum !== undefined || schema.const !== undefined) return 'choice';
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants !== undefined) return variants.every((each) => each.const !== undefined) ? 'choice' : 'variants';
  switch (schema.type) {
    case 'object':
      return schema.properties === undefined ? 'json' : 'object';
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
    case 'null':
      return schema.type;
    case 'array':
      return schema.items === undefined ? 'json' : 'list';
    default:
      return 'json';
  }
}

function resolved(root: Schema, schema: Schema): Schema {
  let at: Schema | undefined = schema;
  for (let steps = 0; at?.$ref !== undefined && steps < 20; steps += 1) {
    const target: string = at.$ref;
    const name = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(target)?.[1];
    at = target === '#' ? root : name === undefined ? undefined : (root.$defs?.[name] ?? root.definitions?.[name]);
  }
  return at ?? {};
}

interface FieldProps {
  readonly root: Schema;
  readonly schema: Schema;
  readonly label: string;
  readonly isRequired: boolean;
  readonly value: Value;
  readonly change: (value: Value) => void;
}

function Field({ root, schema, label, isRequired, value, change }: FieldProps): ReactNode {
  const known = resolved(root, schema);
  const shown = isRequired || label === '' ? label : `${label} – optional`;
  const frame = { label: shown, description: known.description, stretch: true };
  switch (kindOf(known)) {
    case 'object':
      return <Members {...{ root, schema: known, label: shown, isRequired, value, change }} />;
    case 'text':
      return (
        <FormField {...frame} constraintText={known.format}>
          <Input
            value={typeof value === 'string' ? value : ''}
            onChange={({ detail }) => change(detail.value === '' && !isRequired ? undefined : detail.value)}
          />
        </FormField>
      );
    case 'number':
      return (
        <FormField {...frame}>
          <NumberInput isWhole={known.type === 'integer'} value={value} change={change} />
        </FormField>
      );
    case 'boolean':
      return (
        <Checkbox checked={value === true} description={known.description} onChange={({ detail }) => change(detail.checked)}>
          {shown}
        </Checkbox>
      );
    case 'null':
      return null;
    case 'choice':
      return (
        <FormField {...frame}>
          <Choice schema={known} isRequired={isRequired} value={value} change={change} />
        </FormField>
      );
    case 'list':
      return <List {...{ root, schema: known, label: shown, isRequired, value, change }} />;
    case 'variants':
      return <Variants {...{ root, schema: known, label: shown, isRequired, value, change }} />;
    case 'json':
      return (
        <JsonField
          label={shown}
          value={value}
          change={change}
          {...(known.description !== undefined && { description: known.description })}
        />
      );
  }
}

function Members({ root, schema, label, value, change }: FieldProps): ReactNode {
  const record = isRecord(value) ? value : {};
  function set(name: string, member: Value): void {
    const { [name]: _, ...others } = record;
    change(member === undefined ? others : { ...record, [name]: member });
  }
  const fields = Object.entries(schema.properties ?? {}).map(([name, member]) => (
    <Field
      key={name}
      root={root}
      schema={member}
      label={resolved(root, member).title ?? name}
      isRequired={schema.required?.includes(name) ?? false}
      value={record[name]}
      change={(next) => set(name, next)}
    />
  ));
  if (fields.length === 0) return label === '' ? <Box color="text-body-secondary">It has no members.</Box> : null;
  if (label === '') return <SpaceBetween size="s">{fields}</SpaceBetween>;
  return (
    <fieldset className="group">
      <legend>{label}</legend>
      <SpaceBetween size="s">{fields}</SpaceBetween>
    </fieldset>
  );
}

function NumberInput({
  isWhole,
  value,
  change,
}: {
  readonly isWhole: boolean;
  readonly value: Value;
  readonly change: (value: Value) => void;
}): ReactNode {
  const [text, setText] = useState(typeof value === 'number' ? String(value) : '');
  return (
    <Input
      type="number"
      inputMode={isWhole ? 'numeric' : 'decimal'}
      step={isWhole ? 1 : 'any'}
      value={text}
      onChange={({ detail }) => {
        setText(detail.value);
        const number = Number(detail.value);
        change(detail.value.trim() === '' || !Number.isFinite(number) ? undefined : number);
      }}
    />
  );
}

function Choice({ schema, isRequired, value, change }: Pick<FieldProps, 'schema' | 'isRequired' | 'value' | 'change'>): ReactNode {
  const values =
    schema.enum ?? (schema.const === undefined ? (schema.anyOf ?? schema.oneOf ?? []).map((each) => each.const) : [schema.const]);
  const options = values.map((each) => ({ value: JSON.stringify(each), label: typeof each === 'string' ? each : JSON.stringify(each) }));
  const all = isRequired ? options : [{ value: '', label: '(none)' }, ...options];
  return (
    <Select
      options={all}
      placeholder="Choose"
      selectedOption={all.find((option) => option.value === (value === undefined ? '' : JSON.stringify(value))) ?? null}
      onChange={({ detail }) => change(detail.selectedOption.value ? (JSON.parse(detail.selectedOption.value) as Json) : undefined)}
    />
  );
}

function List({ root, schema, label, value, change }: FieldProps): ReactNode {
  const items = Array.isArray(value) ? (value as readonly Json[]) : [];
  const item = schema.items ?? {};
  return (
    <fieldset className="group">
      <legend>{label || 'Items'}</legend>
      <SpaceBetween size="s">
        {items.map((each, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- an item has no other name
          <div key={at} className="group-item">
            <div>
              <Field
                root={root}
                schema={item}
                label={`${at + 1}`}
                isRequired
                value={each}
                change={(next) => change(items.with(at, next ?? null))}
              />
            </div>
            <Button iconName="close" variant="icon" ariaLabel={`Remove item ${at + 1}`} onClick={() => change(items.toSpliced(at, 1))} />
          </div>
        ))}
        <Button onClick={() => change([...items, initialOf(root, item) ?? (kindOf(resolved(root, item)) === 'text' ? '' : null)])}>
          Add an item
        </Button>
      </SpaceBetween>
    </fieldset>
  );
}

function Variants({ root, schema, label, isRequired, value, change }: FieldProps): ReactNode {
  const variants = (schema.anyOf ?? schema.oneOf ?? []).map((each) => resolved(root, each));
  const [chosen, setChosen] = useState(() =>
    Math.max(
      0,
      variants.findIndex((each) => isLike(each, value)),
    ),
  );
  const variant = variants[chosen] ?? {};
  return (
    <fieldset className="group">
      <legend>{label || 'Value'}</legend>
      <SpaceBetween size="s">
        <FormField label="Form" stretch>
          <Select
            options={variants.map((each, at) => ({ value: String(at), label: nameOf(each, at) }))}
            selectedOption={{ value: String(chosen), label: nameOf(variant, chosen) }}
            onChange={({ detail }) => {
              const next = Number(detail.selectedOption.value);
              setChosen(next);
              change(initialOf(root, variants[next] ?? {}));
            }}
          />
        </FormField>
        <Field
          key={chosen}
          root={root}
          schema={variant}
          label={kindOf(variant) === 'object' ? '' : 'Value'}
          isRequired={isRequired}
          value={value}
          change={change}
        />
      </SpaceBetween>
    </fieldset>
  );
}

function nameOf(schema: Schema, at: number): string {
  const tag = Object.entries(schema.properties ?? {}).find(([, member]) => member.const !== undefined);
  return (
    schema.title ?? (tag ? `${tag[0]}: ${JSON.stringify(tag[1].const)}` : typeof schema.type === 'string' ? schema.type : `form ${at + 1}`)
  );
}

function isLike(schema: Schema, value: Value): boolean {
  if (value === undefined) return false;
  if (schema.type === 'null') return value === null;
  if (schema.type === 'object') return isRecord(value) && (schema.required ?? []).every((name) => Object.hasOwn(value, name));
  return schema.type === (Array.isArray(value) ? 'array' : typeof value);
}

function JsonField({
  label,
  description,
  value,
  change,
}: {
  readonly label: string;
  readonly description?: string;
  readonly value: Value;
  readonly change: (value: Value) => void;
}): ReactNode {
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)));
  const [error, setError] = useState('');
  return (
    <FormField label={label || 'JSON'} description={description} errorText={error} stretch>
      <Textarea
        value={text}
        rows={Math.min(14, Math.max(3, text.split('\n').length))}
        spellcheck={false}
        onChange={({ detail }) => {
          setText(detail.value);
          try {
            change(JSON.parse(detail.value) as Json);
            setError('');
          } catch (failure) {
            change(undefined);
            setError(detail.value.trim() === '' ? '' : (failure as Error).message);
          }
        }}
      />
    </FormField>
  );
}

function isRecord(value: Value): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
