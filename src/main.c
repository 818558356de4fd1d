#include <stdio.h>

int main(void)
{
	puts("ganger " GANGER_VERSION);
	return 0;
}
