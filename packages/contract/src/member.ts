import { type Static, Type } from 'typebox'
import { memberRoleNames } from './me.ts'
import { component, displayName, nullable, oneOf, pageOf } from './schema-parts.ts'

const person = {
  id: Type.String({ examples: ['e568f5b5-a980-462b-8833-b3f059000b1e'] }),
  email: nullable(Type.String({ examples: ['olivia@acme.example'] })),
  name: nullable(Type.String({ examples: ['Olivia Owner'] })),
  role: nullable(
    oneOf(memberRoleNames, {
      description: 'Null: they belong to the organization and may do nothing in it.',
    }),
  ),
  enabled: Type.Boolean({ description: 'Whether they can sign in at all.' }),
}

/** A person of a tenant, as the identity provider knows them now. */
export const Person = component('Person', Type.Object(person, { additionalProperties: false }))
export type Person = Static<typeof Person>
export const PersonPage = pageOf('PersonPage', Person)

export const AddedPerson = component(
  'AddedPerson',
  Type.Object(
    {
      ...person,
      notice: oneOf(['not-needed', 'sent', 'not-sent', 'unconfirmed'], {
        description:
          'Whether a person who has not chosen a password yet was written to; adding them once more writes once more. They are a member whatever it says. `not-sent`: the identity provider sends no mail; its administrator must give them a password. `unconfirmed`: it did not say in time whether the letter went out.',
      }),
    },
    { additionalProperties: false },
  ),
)
export type AddedPerson = Static<typeof AddedPerson>

export const AddMemberBody = component(
  'AddMemberBody',
  Type.Object(
    {
      email: Type.String({
        pattern: '^[^\\s@<>(),;:"\\\\\\[\\]]{1,64}@[A-Za-z0-9.-]{1,190}$',
        maxLength: 254,
        description: 'Whoever has this address is the person; if nobody has, they are made known.',
        examples: ['nora@acme.example'],
      }),
      name: Type.Optional(displayName('Nora New')),
      role: oneOf(memberRoleNames),
    },
    { additionalProperties: false },
  ),
)
export type AddMemberBody = Static<typeof AddMemberBody>

export const ChangeMemberBody = component(
  'ChangeMemberBody',
  Type.Object({ role: oneOf(memberRoleNames) }, { additionalProperties: false }),
)
export type ChangeMemberBody = Static<typeof ChangeMemberBody>
