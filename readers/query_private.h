/*
 * query_private.h -- what a query is made of, for query_*.c alone.
 *
 * THE WAY.  query_parse.c reads the text into a tree of nodes, whose leaves are
 * tests (an operand, or an operand compared with a literal).  query_compile.c
 * makes steps of the tree: each runs a test and names the step that is next if
 * it holds and the one if it does not, so that running is a loop, and `not' and
 * parentheses cost nothing.  A step leads only to lower numbers, 0 and 1 are
 * the outcomes: so it ends.
 */
#ifndef SHMLOG_READERS_QUERY_PRIVATE_H
#define SHMLOG_READERS_QUERY_PRIVATE_H

#include "readers/field.h"
#include "readers/query.h"
#include "readers/regex.h"

/* Operands. */
enum operand {
	OPERAND_LEVEL,
	OPERAND_PID,
	OPERAND_ID,
	OPERAND_STREAM,
	OPERAND_TAG,
	OPERAND_NAME,   /* a tag, a tag's field, or a field: by the record */
	OPERAND_FIELD,  /* of those with the tag */
	OPERAND_TEXT,   /* of those with the tag, or a word of it */
	OPERAND_PREFIX, /* what follows `prefix:' in it, or a word of that */
};

enum op {
	OPERATOR_NONE, /* it is there */
	OPERATOR_EQUAL,
	OPERATOR_UNEQUAL,
	OPERATOR_LESS,
	OPERATOR_AT_MOST,
	OPERATOR_MORE,
	OPERATOR_AT_LEAST,
	OPERATOR_EQ,
	OPERATOR_NE,
	OPERATOR_MATCH,
	OPERATOR_NO_MATCH,
};

/* What a number's unit says that it is. */
enum unit_sort {
	UNIT_NONE,
	UNIT_SCALE, /* k, MiB */
	UNIT_TIME,
};

/* Which tags. */
struct tag_set {
	enum { TAGS_ALL, TAGS_ONE, TAGS_GLOB } kind;
	struct bytes text;
};

/* What a test tells of one stream, as it is described. */
struct stream_verdict {
	uint64_t described; /* 0: none */
	int holds;
};

#define STREAM_VERDICTS 16

struct test {
	int (*holds)(struct test *, struct rec *);
	int (*inner)(struct test *, struct rec *); /* OPERAND_STREAM */
	enum operand operand;
	enum op op;
	struct tag_set tags;
	struct bytes name;   /* OPERAND_NAME, _FIELD */
	struct bytes prefix; /* OPERAND_PREFIX */
	unsigned word;       /* 0: all of it */
	struct field field;
	struct field whole; /* the text */
	/* OPERAND_NAME: what stands behind each dot of it, as a field */
	struct field *behind;
	size_t n_behind;
	/* the literal */
	struct bytes text;
	struct value number;   /* as a field without a unit of its own has it */
	struct value absolute; /* as one that has a unit is read */
	enum unit_sort unit;
	unsigned outcomes; /* of number_compare(), that hold: 1 << (it + 1) */
	struct regex *regex;
	struct stream_verdict *verdicts; /* OPERAND_STREAM */
	struct query *query;
};

/* What a query tells of all records of one tag and format. */
struct query_verdict {
	uint64_t tag, format; /* their numbers; 0: nothing; no format */
	int never;            /* it selects none of them */
};

#define QUERY_VERDICTS 256

enum node_kind {
	NODE_TEST,
	NODE_NOT,
	NODE_AND,
	NODE_OR,
	NODE_ANY,
	NODE_ALL,
};

#define NO_NODE UINT32_MAX

struct node {
	enum node_kind kind;
	uint32_t of;   /* its last child, or its test */
	uint32_t next; /* the child before it of the same parent */
};

struct step {
	struct test *test;
	uint32_t yes, no;
};

/* A part of the query that is asked of all records of a group. */
struct quantifier {
	int all;
	int holds, is_known; /* while a group is looked at */
	uint32_t entry;      /* step */
};

struct outer_step {
	uint32_t quantifier;
	uint32_t yes, no;
};

struct query {
	char *copy; /* the text, and what has been made of its literals */
	size_t copy_n;
	struct test **tests;
	size_t n_tests, tests_size;
	struct node *nodes;
	size_t n_nodes, nodes_size;
	uint32_t root;
	struct step *steps;
	uint32_t n_steps;
	uint32_t entry; /* for a record by itself */
	struct quantifier *quantifiers;
	uint32_t n_quantifiers;
	struct outer_step *outer;
	uint32_t n_outer;
	uint32_t outer_entry;
	int caseless;
	/* tag and format may tell that it selects nothing: looked up for each
	 * record, at (tag + 37 format) % QUERY_VERDICTS */
	int has_verdicts;
	struct query_verdict verdicts[QUERY_VERDICTS];
	uint64_t gave_up;
	struct buffer scratch; /* for fields */
	struct buffer name;    /* a stream's */
};

/* While the text is read. */
struct parser {
	struct query *q;
	struct bytes t;
	size_t at;
	unsigned depth; /* in parentheses lines do not end */
	int quantified; /* in any() or all() */
	int bare;       /* what was read last is an operand alone */
	struct query_error *e;
};

/* query_parse.c: 0, or -1 and *e. */
int query_parse(struct query *, struct query_error *e);
/* The parser's, for query_compare.c. */
void parser_skip(struct parser *);
/* They put into words what is wrong, and return -1. */
int parser_fail(struct parser *, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int parser_expected(struct parser *, const char *what);
/* A message's word for bytes of a query, harmless and not too long. */
#define SHOWN_MAX 40
const char *parser_shown(struct bytes, char to[SHOWN_MAX]);

/* query_compare.c: an operand and what it is compared with; 0, or -1. */
int parse_test(struct parser *, struct test *);
/* query_operand.c: the operand; 0, or -1. */
int parse_operand(struct parser *, struct test *);
/* An operand's word for messages. */
const char *operand_word(enum operand);
/* query_compile.c */
void query_make_steps(struct query *);

/* query_value.c: chooses how the test is run, when all of it is known. */
void test_prepare(struct test *);
/* 1, 0, or -1: it depends on more than tag, level and stream. */
int test_may(struct test *, const struct rec *);
/* The same, by tag and format alone; `of' NULL: that is not known. */
int test_may_ever(
    struct test *, const struct rec *, const struct rec_format *of);

/* query_literal.c */

/* Where the word, quoted string or operator at `at' ends: for messages. */
size_t token_end(struct bytes, size_t at);
/* Whether it is part of a name. */
int is_name_byte(char);
/*
 * The string at `from', whose first byte is its quote: makes it in place, *to,
 * and says where it ends.  In a pattern only the quote loses its backslash.
 * NULL, or what is wrong (at *end).
 */
const char *literal_string(struct bytes text, size_t from, char *copy,
    int is_pattern, struct bytes *to, size_t *end);
/*
 * Takes the literal of a comparison by number: its number, for a field of that
 * name.  0, or -1: it is none.
 */
int literal_number(struct bytes, struct bytes name, struct test *);
/* A text that is a number with a unit of that sort; 0, or -1. */
int unit_number(struct bytes, enum unit_sort, struct value *);

#endif
