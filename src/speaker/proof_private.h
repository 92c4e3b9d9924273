// What proofs (proof.h) are told by the rest of the room, as it happens.
#pragma once

#include "speaker/private.h"
#include "speaker/proof.h"

void proofs_look(void *speaker); // the timer's
void proofs_forget(struct speaker *s);
void proofs_up(const struct speaker_peer *peer);
void proofs_down(const struct speaker_peer *peer,
		 const struct sess_down *d); // its session ends now
void proofs_notification(const struct speaker_peer *peer, bool sent, uint8_t code, uint8_t subcode);
void proofs_updates(struct speaker *s, unsigned sent, unsigned received);
void proofs_keepalive(const struct speaker_peer *peer, uint64_t us, bool left);
void proofs_job_started(void *speaker, const struct soft_job *j);
void proofs_job_ended(void *speaker, const struct soft_job *j);
