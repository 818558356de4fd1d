#include <stdio.h>

int main(void)
{
	fputs("error: could not run: this program is started by ganger only\n", stderr);
	return 2;
}
