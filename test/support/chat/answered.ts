import { callErrorOf } from '../../../client/call-error.ts';
import { nextId } from '../../../tools/support/sdk.ts';
import { until } from '../../../tools/support/until.ts';
import type { Person } from './person.ts';

/** Makes a call, again and again while its error is temporary, as applications do. Other errors reject. */
export const answered = <T>(call: () => Promise<T>): Promise<NonNullable<T>> =>
  until('a call is answered', () =>
    call().catch((thrown: unknown) => {
      if (callErrorOf(thrown).temporary) return null;
      throw thrown;
    }),
  );

/** The user, whose acts and messages are sent again, with their ids, while the error is temporary. */
export function patient(person: Person): Person {
  return {
    ...person,
    act: (verb, params) => {
      const whole = { id: nextId(), ...params };
      return answered(() => person.act(verb, whole));
    },
    send: (room, text, id = nextId()) => answered(() => person.send(room, text, id)),
  };
}
