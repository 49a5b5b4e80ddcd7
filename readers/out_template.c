/*
 * out_template.c -- a record as a template has it (template.h).
 *
 * Losses go to stderr: what reads the lines knows nothing of them.
 */
#include "readers/out.h"
#include "readers/template.h"

static struct template *template;

const char *
out_template_set(const char *text)
{
	const char *fault;
	struct template *t = template_compile(text, &fault);

	if (t == NULL)
		return fault;
	if (template != NULL)
		template_free(template);
	template = t;
	return NULL;
}

static void
template_record(struct buffer *b, struct rec *r)
{
	template_put(template, b, r);
}

const struct out out_template = {
	.name = "template",
	.stream = out_no_stream,
	.tag = out_no_tag,
	.record = template_record,
	.lost = out_lost_told,
};
