#include "base/file.h"
#include "base/str.h"
#include "store/store-impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/*
 * SQLite's WAL needs one kernel: its index is shared memory, its locks are the kernel's.
 * Where another kernel may have the same file open, a journal would be torn sooner or
 * later, so those file systems are refused. FUSE has one magic for all; there the type
 * of the mount decides, and what is not listed (encrypted homes, rootless overlays) may.
 */
#define MAGIC_FUSE 0x65735546

static const struct {
	long magic;
	const char *name;
} networks[] = {
	{0x6969,     "nfs"   },
        {0x517b,     "smb"   },
        {0xfe534d42, "smb2"  },
	{0xff534d42, "cifs"  },
        {0x564c,     "ncp"   },
        {0x73757245, "coda"  },
	{0x5346414f, "afs"   },
        {0x6b414653, "afs"   },
        {0x01021997, "9p"    },
	{0x00c36400, "ceph"  },
        {0x0bd00bd0, "lustre"},
        {0x47504653, "gpfs"  },
	{0x19830326, "beegfs"},
        {0x01161970, "gfs2"  },
        {0x7461636f, "ocfs2" },
	{0x786f4256, "vboxsf"},
};

static const char *const fuse_networks[] = {
	"fuse.sshfs",     "fuse.s3fs",       "fuse.rclone",    "fuse.glusterfs",
	"fuse.gcsfuse",   "fuse.ceph",       "fuse.ceph-fuse", "fuse.juicefs",
	"fuse.curlftpfs", "fuse.gvfsd-fuse", "fuse.davfs",     "fuse.davfs2",
	"fuse.smbnetfs",  "fuse.moosefs",    "virtiofs",       "fuse.vmhgfs-fuse",
};

const char *place_network(long magic, const char *mount_type)
{
	/* statfs gives a signed word: compare the 32 bits that all of them have. */
	for (size_t i = 0; i < ARRAY_LEN(networks); i++)
		if ((uint32_t)networks[i].magic == (uint32_t)magic)
			return networks[i].name;
	if ((uint32_t)magic != MAGIC_FUSE)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(fuse_networks); i++)
		if (streq(fuse_networks[i], mount_type))
			return fuse_networks[i];
	return NULL;
}

/* The type field of the mount that has this device number, of mountinfo(5). */
static void mount_type(dev_t dev, char *ret, size_t size)
{
	char want[32], line[4096], field[32];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	ret[0] = '\0';
	if (!f)
		return;
	(void)snprintf(want, sizeof(want), "%u:%u", major(dev), minor(dev));
	while (fgets(line, sizeof(line), f)) {
		const char *type = strstr(line, " - ");

		if (sscanf(line, "%*d %*d %31s", field) == 1 && type && streq(field, want))
			(void)snprintf(ret, size, "%.*s", (int)strcspn(type + 3, " "), type + 3);
	}
	(void)fclose(f);
}

int place_check(const char *dir, struct err *e)
{
	struct statfs fs;
	struct stat st;
	char type[64] = "";
	const char *name;

	if (statfs(dir, &fs) < 0 || stat(dir, &st) < 0)
		return err_sys(e, "could not look at folder '%s'", dir);
	if ((uint32_t)fs.f_type == MAGIC_FUSE)
		mount_type(st.st_dev, type, sizeof(type));
	name = place_network(fs.f_type, type);
	if (!name)
		return 0;
	(void)err_set(e, ERR_INVALID,
		      "cannot keep a journal in '%s': it is on a network file system (%s)", dir,
		      name);
	return err_hint(e, "name a folder on a local disk with the key state_dir");
}
