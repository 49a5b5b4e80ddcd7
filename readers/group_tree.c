/*
 * group_tree.c -- transactions that are parts of others.
 */
#include "readers/group_node.h"
#include "readers/option.h"

struct node *
tree_next(const struct node *root, struct node *n, uint32_t *depth)
{
	if (!TAILQ_EMPTY(&n->children)) {
		++*depth;
		return TAILQ_FIRST(&n->children);
	}
	while (n != root && TAILQ_NEXT(n, sibling) == NULL) {
		n = n->parent;
		--*depth;
	}
	return n == root ? NULL : TAILQ_NEXT(n, sibling);
}

int
tree_attach(struct node *parent, struct node *n)
{
	struct node *root = parent;
	unsigned depth = 1, height = n->height + 1;

	must(n->parent == NULL);
	for (; root->parent != NULL; root = root->parent)
		depth++;
	if (root == n || depth + n->height >= GROUP_DEPTH ||
	    root->nodes + n->nodes > GROUP_RECORDS)
		return -1;
	n->parent = parent;
	TAILQ_INSERT_TAIL(&parent->children, n, sibling);
	for (; parent != NULL && parent->height < height; height++) {
		parent->height = height;
		parent = parent->parent;
	}
	root->nodes += n->nodes;
	root->open += n->open;
	root->records += n->records;
	root->bytes += n->bytes;
	return 0;
}

void
tree_detach(struct node *n)
{
	must(TAILQ_EMPTY(&n->children));
	if (n->parent != NULL)
		TAILQ_REMOVE(&n->parent->children, n, sibling);
	n->parent = NULL;
}
